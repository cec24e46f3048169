"""Where a remote is, from its name: the URL that git would use, and what may not be one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from mlgit.errors import Unsupported
from mlgit.git.transport.protocol import named

if TYPE_CHECKING:
    from dulwich.config import ConfigDict

    from mlgit.git.config import Config
    from mlgit.git.repository import Repository

_BY_WIRE = {"git": "git", "ssh": "ssh", "git+ssh": "ssh", "http": "http", "https": "https"}


class Address(NamedTuple):
    """Where a remote is.

    Attributes:
        scheme: git, ssh, http, https or file.
        url: For the wire.
        path: For file: the folder.
        host: For git and ssh.
        port: None for the usual one.
        user: For ssh.
    """

    scheme: str
    url: str
    path: str
    host: str = ""
    port: int | None = None
    user: str | None = None


def address_of(repository: Repository, remote: str, *, push: bool) -> Address:
    """Where a remote is that is given by name, URL or path.

    Raises:
        Unsupported: The URL is of a kind that mlgit does not reach without git, or is not allowed.
    """
    config = repository.config
    section = f"remote.{remote}"
    own = config.get(section, "pushurl") if push else None
    url = _instead(config, own or config.get(section, "url") or remote, push=push and not own)
    address = _parsed(url, repository.work_tree or repository.common_dir)
    _refuse_disallowed(address, config)
    return address


def dulwich_config(config: Config) -> ConfigDict:
    """All settings in the form that dulwich takes."""
    from dulwich.config import ConfigDict

    made = ConfigDict()
    for file in reversed([*config.repository, *config.user]):
        for section, below, key, value in file:
            name = (section, below) if below else (section,)
            made.add(tuple(part.encode() for part in name), key.encode(), value.encode())
    return made


def _instead(config: Config, url: str, *, push: bool) -> str:
    """The URL that `url.<base>.insteadOf` makes of one; the longest beginning wins, as in git."""
    settings = [one for file in (*config.repository, *config.user) for one in file]
    for key in ("pushinsteadof", "insteadof") if push else ("insteadof",):
        fitting = [one for one in settings if (one.section, one.key) == ("url", key)]
        fitting = [one for one in fitting if one.value and url.startswith(one.value)]
        if fitting:
            best = max(fitting, key=lambda one: len(one.value))
            return best.subsection + url.removeprefix(best.value)
    return url


def _parsed(url: str, base: Path) -> Address:
    if re.match(r"[A-Za-z0-9+.-]+::", url):
        raise _unsupported(url, "helper programs are run by git alone")
    if "://" in url:
        return _of_url(url)
    host, colon, path = url.partition(":")
    drive = os.name == "nt" and len(host) == 1
    if not colon or "/" in host or drive:
        return Address("file", url, os.fspath(base / Path(url).expanduser()))
    user, _, host = host.rpartition("@")
    return _checked(Address("ssh", url, path, host.strip("[]"), None, user or None))


def _of_url(url: str) -> Address:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _unsupported(url, "it is not a URL") from None
    path = unquote(parts.path)
    if parts.scheme == "file":
        return Address("file", url, path)
    scheme = _BY_WIRE.get(parts.scheme)
    if scheme is None:
        raise _unsupported(url, f"{parts.scheme}:// is not known")
    return _checked(Address(scheme, url, path, parts.hostname or "", port, parts.username))


def _checked(address: Address) -> Address:
    """Refuse what a program would take for an option."""
    if not address.host or any(
        text.startswith("-") for text in (address.host, address.path, address.user or "")
    ):
        raise _unsupported(address.url, "its host or path is not one")
    return address


def _refuse_disallowed(address: Address, config: Config) -> None:
    """Git's own rules: `GIT_ALLOW_PROTOCOL`, else `protocol.<name>.allow`, `protocol.allow`."""
    scheme = address.scheme
    listed = os.environ.get("GIT_ALLOW_PROTOCOL")
    if listed is not None:
        allowed = scheme in listed.split(":")
    else:
        said = config.get(f"protocol.{scheme}", "allow") or config.get("protocol", "allow")
        allowed = said != "never"
    if not allowed:
        raise _unsupported(address.url, f"the protocol {scheme} is not allowed here")


def _unsupported(url: str, reason: str) -> Unsupported:
    return Unsupported(
        f"cannot use the remote {named(url)}: {reason}",
        "see `git remote -v`, and `git config protocol.allow`",
        remote=named(url),
    )
