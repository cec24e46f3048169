"""dulwich's clients, with time-outs, credentials and ssh as the user has them for git."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dulwich.client import (
    GitClient,
    SSHGitClient,
    TCPGitClient,
    Urllib3HttpGitClient,
    default_urllib3_manager,
    get_credentials_from_store,
)
from dulwich.protocol import Protocol

from mlgit.git.transport import CONNECT, IDLE, SSH, Deadline
from mlgit.git.transport_url import Address, dulwich_config

if TYPE_CHECKING:
    from dulwich.client import HTTPResponse

    from mlgit.git.config import Config

Activity = Callable[[int, str], None]
_BLOCK = 1 << 20  # bytes of one piece of a body that is sent while it is made


def client_for(address: Address, config: Config, deadline: Deadline) -> tuple[GitClient, bytes]:
    """A client of the remote at an address that is not a path, and the path to ask it for."""
    path = address.path.encode()
    if address.scheme == "git":
        return _TcpClient(address.host, address.port, deadline), path
    if address.scheme == "ssh":
        return _ssh(address, config, deadline), path
    return _http(address, config)


class _TcpClient(TCPGitClient):
    """The git:// client, which does not wait for ever."""

    def __init__(self, host: str, port: int | None, activity: Activity) -> None:
        super().__init__(host, port, thin_packs=False, report_activity=activity)
        self._activity = activity

    def _connect(
        self,
        cmd: bytes,
        path: str | bytes,
        protocol_version: int | None = None,  # noqa: ARG002
    ) -> tuple[Protocol, Callable[[], bool], None]:
        connection = socket.create_connection((self._host, self._port), CONNECT)
        connection.settimeout(IDLE)
        file = connection.makefile("rwb")

        def write(data: bytes) -> int:
            size = file.write(data)
            file.flush()
            return size

        def close() -> None:
            file.close()
            connection.close()

        proto = Protocol(file.read, write, close, self._activity)
        # Only a fetch has a second version of the protocol.
        self.protocol_version = 2 if cmd == b"upload-pack" else 0
        version = b"\0\0version=2\0" if self.protocol_version else b""
        place = path if isinstance(path, bytes) else path.encode()
        place = place[1:] if place.startswith(b"/~") else place
        try:
            proto.send_cmd(b"git-" + cmd, place, b"host=" + self._host.encode() + version)
        except BaseException:
            proto.close()
            raise
        return proto, lambda: False, None


class _HttpClient(Urllib3HttpGitClient):
    """The http client, which sends a long body in long pieces instead of object by object."""

    def _smart_request(
        self, service: str, url: str, data: bytes | Iterator[bytes] | None
    ) -> tuple[HTTPResponse, Callable[[int], bytes]]:
        body = data if data is None or isinstance(data, bytes) else _grouped(data)
        return super()._smart_request(service, url, body)


def _grouped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def _ssh(address: Address, config: Config, deadline: Deadline) -> SSHGitClient:
    command = os.environ.get("GIT_SSH_COMMAND") or os.environ.get("GIT_SSH")
    return SSHGitClient(
        address.host,
        port=address.port,
        username=address.user,
        ssh_command=command or config.get("core", "sshCommand") or SSH,
        thin_packs=False,
        report_activity=deadline,
    )


def _http(address: Address, config: Config) -> tuple[GitClient, bytes]:
    from urllib.parse import unquote, urlsplit

    from urllib3.util import Timeout

    parts = urlsplit(address.url)
    base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    manager = default_urllib3_manager(dulwich_config(config), base_url=base)
    manager.connection_pool_kw["timeout"] = Timeout(connect=CONNECT, read=IDLE)
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if password is None:
        user, password = _stored(address, user)
    client = _HttpClient(
        base, pool_manager=manager, username=user, password=password, thin_packs=False
    )
    return client, parts.path.encode()


def _stored(address: Address, user: str | None) -> tuple[str | None, str | None]:
    """User and password from the files in which git and curl keep them; None where they do not."""
    home = Path("~").expanduser()
    xdg = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    files = [f"{home}/.git-credentials", f"{xdg}/git/credentials"]
    for found in get_credentials_from_store(address.scheme, address.host, user, files):
        return found
    import netrc

    try:
        known = netrc.netrc(home / ".netrc").authenticators(address.host)
    except (OSError, netrc.NetrcParseError):
        known = None
    if known and user in (None, known[0]):
        return known[0], known[2]
    return user, None
