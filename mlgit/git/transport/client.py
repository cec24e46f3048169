"""dulwich's clients, with time-outs, credentials and ssh as the user has them for git."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from dulwich.client import (
    GitClient,
    SSHGitClient,
    TCPGitClient,
    Urllib3HttpGitClient,
    default_urllib3_manager,
    get_credentials_from_store,
)
from dulwich.errors import GitProtocolError
from dulwich.protocol import Protocol

from mlgit.git.transport.protocol import CONNECT, SSH, Deadline
from mlgit.git.transport.ssh import SshVendor
from mlgit.git.transport.url import Address, dulwich_config

if TYPE_CHECKING:
    from dulwich.client import HTTPResponse
    from urllib3 import BaseHTTPResponse, PoolManager

    from mlgit.git.config import Config

Activity = Callable[[int, str], None]
_GIT = "application/x-git-"
_BLOCK = 1 << 20  # bytes of one piece of a body that is sent while it is made


@contextmanager
def client_for(
    address: Address, config: Config, deadline: Deadline
) -> Iterator[tuple[GitClient, bytes]]:
    """A client of the remote at an address that is not a path, and the path to ask it for."""
    path = address.path.encode()
    if address.scheme in ("http", "https"):
        with closing(_Pool(config, address, deadline)) as pool:
            yield _http(address, pool, deadline), urlsplit(address.url).path.encode()
        return
    client = (_tcp if address.scheme == "git" else _ssh)(address, config, deadline)
    try:
        yield client, path
    finally:
        for connection in client.opened:  # dulwich forgets those on which the other end hung up
            connection.close()


class _TcpClient(TCPGitClient):
    """The git:// client, which does not wait for ever."""

    def __init__(self, host: str, port: int | None, deadline: Deadline) -> None:
        super().__init__(host, port, thin_packs=False, report_activity=deadline)
        self._deadline = deadline
        self.opened: list[Protocol] = []

    def _connect(
        self,
        cmd: bytes,
        path: str | bytes,
        protocol_version: int | None = None,  # noqa: ARG002
    ) -> tuple[Protocol, Callable[[], bool], None]:
        connection = socket.create_connection((self._host, self._port), CONNECT)
        connection.settimeout(self._deadline.patience())
        file = connection.makefile("rwb")

        def read(size: int) -> bytes:
            file.flush()
            return file.read(size)

        def close() -> None:
            with connection, suppress(OSError):  # what was not read by now nobody waits for
                file.close()

        proto = Protocol(read, file.write, close, self._deadline)
        self.opened.append(proto)
        # Only a fetch has a second version of the protocol.
        self.protocol_version = 2 if cmd == b"upload-pack" else 0
        version = b"\0\0version=2\0" if self.protocol_version else b""
        place = path if isinstance(path, bytes) else path.encode()
        place = place[1:] if place.startswith(b"/~") else place
        proto.send_cmd(b"git-" + cmd, place, b"host=" + self._host.encode() + version)
        return proto, lambda: False, None


class _SshClient(SSHGitClient):
    """The ssh client, which remembers what it has opened."""

    opened: list[Protocol]

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[Protocol, Callable[[], bool], IO[bytes] | None]:
        found = super()._connect(cmd, path, protocol_version)
        self.opened.append(found[0])
        return found


class _HttpClient(Urllib3HttpGitClient):
    """The http client, which sends a long body in long pieces instead of object by object."""

    activity: Activity

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> tuple[HTTPResponse, Callable[[int], bytes]]:
        self.activity(0, "request")
        response, read = super()._http_request(url, headers, data, raise_for_status)
        if _GIT.startswith(response.content_type or ""):  # else: as an empty one of files
            raise GitProtocolError("its answer was cut short")

        def watched(size: int) -> bytes:
            self.activity(size, "read")
            return read(size)

        return response, watched

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


def _tcp(address: Address, _: Config, deadline: Deadline) -> _TcpClient:
    return _TcpClient(address.host, address.port, deadline)


def _ssh(address: Address, config: Config, deadline: Deadline) -> _SshClient:
    command = os.environ.get("GIT_SSH_COMMAND") or os.environ.get("GIT_SSH")
    client = _SshClient(
        address.host,
        port=address.port,
        username=address.user,
        ssh_command=command or config.get("core", "sshCommand") or SSH,
        vendor=SshVendor(deadline.left()),
        thin_packs=False,
        report_activity=deadline,
    )
    client.opened = []
    return client


class _Pool:
    """Connections to one server, all closed in the end; dulwich forgets those of an error."""

    def __init__(self, config: Config, address: Address, deadline: Deadline) -> None:
        self._manager = default_urllib3_manager(dulwich_config(config), base_url=_base(address))
        self._deadline = deadline
        self._answers: list[BaseHTTPResponse] = []
        self.headers = self._manager.headers

    def request(self, *args: Any, **options: Any) -> BaseHTTPResponse:
        """As urllib3's, with time-outs."""
        from urllib3.util import Timeout

        timeout = Timeout(connect=CONNECT, read=self._deadline.patience())
        answer = self._manager.request(*args, **{**options, "timeout": timeout})
        self._answers.append(answer)
        return answer

    def close(self) -> None:
        for answer in self._answers:
            answer.close()
        self._manager.clear()


def _base(address: Address) -> str:
    parts = urlsplit(address.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _http(address: Address, pool: _Pool, deadline: Deadline) -> _HttpClient:
    parts = urlsplit(address.url)
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if password is None:
        user, password = _stored(address, user)
    client = _HttpClient(
        _base(address),
        pool_manager=cast("PoolManager", pool),
        username=user,
        password=password,
        thin_packs=False,
    )
    client.activity = deadline
    return client


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
