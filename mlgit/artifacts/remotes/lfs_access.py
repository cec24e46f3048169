"""Where an LFS server is and who we are to it: a token by ssh, `~/.netrc`, git's own helpers."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from mlgit import process
from mlgit.artifacts.remotes.lfs_http import Network

_SOON = 5_000  # milliseconds before its end at which a token counts as over
NEVER = 1 << 62
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Login(NamedTuple):
    """A name and a password; `git` when git's helpers gave them and want to hear of it."""

    user: str
    password: str
    git: bool = False

    @property
    def header(self) -> str:
        """The value of an Authorization header."""
        return f"Basic {b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


class Endpoint(NamedTuple):
    """One LFS server.

    Attributes:
        url: Its address, without a name or password in it.
        headers: What goes with each request, such as a token that came by ssh.
        expires: When that token ends, in milliseconds since 1970.
        user: Who logs in, where the remote's URL says so.
        password: Theirs, if this clone's own config holds it.
    """

    url: str
    headers: Mapping[str, str] = _NOTHING
    expires: int = NEVER
    user: str = ""
    password: str = ""


class GitHost(NamedTuple):
    """What an LFS remote has to know of the repository it belongs to.

    Attributes:
        where: Gives the server for `download` or `upload`; may run ssh.
        size_of: Gives the size of an object that the store names, else 0.
        git_dir: Whose credential helpers are asked; none when None.
        network: How hosts are reached.
    """

    where: Callable[[str], Endpoint]
    size_of: Callable[[str], int]
    git_dir: Path | None = None
    network: Network = Network()


class Access:
    """The server for each operation, and the login that it accepts; for many threads."""

    def __init__(self, host: GitHost, now_ms: Callable[[], int]) -> None:
        self._host, self._now = host, now_ms
        self._lock = threading.RLock()
        self._known: dict[str, Endpoint] = {}
        self._login: Login | None = None
        self._more: Iterator[Login] | None = None
        self._approved = False

    def endpoint(self, operation: str) -> Endpoint:
        """The server for `download` or `upload`; asked for anew when its token has ended."""
        with self._lock:
            known = self._known.get(operation)
            if known is None or known.expires - _SOON < self._now():
                known = self._known[operation] = self._host.where(operation)
            return known

    def headers(self, operation: str) -> dict[str, str]:
        """What goes with each request to it."""
        with self._lock:
            given = dict(self.endpoint(operation).headers)
            if self._login:
                given = {
                    key: value for key, value in given.items() if key.lower() != "authorization"
                }
                given["Authorization"] = self._login.header
            return given

    def refused(self, operation: str, used: Mapping[str, str]) -> bool:
        """After a 401 to the headers `used`: whether there are others to try now."""
        with self._lock:
            if self.headers(operation) != used:
                return True  # another thread has found them meanwhile
            endpoint = self._known.pop(operation)
            if endpoint.expires != NEVER and not self._login and self.headers(operation) != used:
                return True
            if self._login and self._login.git:
                tell_git("reject", self._host, endpoint, self._login)
            if self._more is None:
                self._more = _logins(self._host, endpoint)
            self._login = next(self._more, None)
            self._approved = False
            return self._login is not None

    def accepted(self, operation: str) -> None:
        """After a success: git's helpers may keep what they gave."""
        with self._lock:
            if self._login and self._login.git and not self._approved:
                self._approved = True
                tell_git("approve", self._host, self.endpoint(operation), self._login)


def _logins(host: GitHost, endpoint: Endpoint) -> Iterator[Login]:
    """Every login that may be the right one, as curl and git look for them."""
    if endpoint.password:
        yield Login(endpoint.user, endpoint.password)
    found = _of_netrc(endpoint)
    if found:
        yield found
    found = _of_git(host, endpoint)
    if found:
        yield found


def _of_netrc(endpoint: Endpoint) -> Login | None:
    import netrc

    try:
        found = netrc.netrc().authenticators(urlsplit(endpoint.url).hostname or "")
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return None
    if not found or not found[2] or endpoint.user not in ("", found[0]):
        return None
    return Login(found[0] or "", found[2])


def _of_git(host: GitHost, endpoint: Endpoint) -> Login | None:
    said = tell_git("fill", host, endpoint, Login(endpoint.user, ""))
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    if not found.get("password"):
        return None
    return Login(found.get("username", ""), found["password"], git=True)


def tell_git(verb: str, host: GitHost, endpoint: Endpoint, login: Login) -> str:
    """Run `git credential fill`, `approve` or `reject`; what it says, nothing where it cannot."""
    if host.git_dir is None:
        return ""
    parts = urlsplit(endpoint.url)
    known = {
        "protocol": parts.scheme,
        "host": parts.netloc,
        "path": parts.path.lstrip("/"),
        "username": login.user,
        "password": login.password,
    }
    lines = "".join(f"{key}={value}\n" for key, value in known.items() if value)
    try:
        done = process.git(
            ["credential", verb],
            git_dir=host.git_dir,
            stdin=f"{lines}\n".encode(),
            check=False,
            apart=True,
        )
    except process.CommandFailed:
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
