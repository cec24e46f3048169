"""Addresses of repositories: an allow-list of kinds, and never a password in one."""

from __future__ import annotations

import re
from pathlib import Path

from mlgit.errors import InvalidValue

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_SSH_SHORT = re.compile(r"(?:[A-Za-z0-9_.-]+@)?([A-Za-z0-9_.\[][A-Za-z0-9_.:\[\]-]*):(?!:)[^\s]+")
_SCHEMES = ("https", "ssh", "git", "file")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f]")


def repository_url(url: str) -> str:
    """The address as given to git: a URL, `host:path`, or a folder as an absolute path.

    Raises:
        InvalidValue: It is of a kind that is not allowed, could pass for an option, or holds a
            password or token, which would end up in a config file.
    """
    if not url or url.startswith("-") or (_UNPRINTABLE.search(url) and not Path(url).is_dir()):
        raise _refused(url, "it is empty, begins with '-' or has a blank in it")
    found = _SCHEME.fullmatch(url)
    if found:
        _check_host(url, found[1].lower(), found[2])
        return url
    if Path(url).is_dir():
        return str(Path(url).absolute())
    if "::" in url:
        raise _refused(url, "git would run a helper program for it")
    if _SSH_SHORT.fullmatch(url):
        return url
    raise _refused(url, "it is neither a URL nor a folder")


def _check_host(url: str, scheme: str, place: str) -> None:
    if scheme not in _SCHEMES:
        raise _refused(url, f"only {', '.join(_SCHEMES)} are allowed")
    user, _, host = place.rpartition("@")
    if host.startswith("-") or user.startswith("-"):
        raise _refused(url, "its host begins with '-'")
    if ":" in user or (user and scheme != "ssh"):
        shown = url.replace(f"{user}@", "", 1)
        raise InvalidValue(
            f"the address of {host} holds a user name or password",
            f"leave it out, git asks a credential helper: {shown}",
        )


def _refused(url: str, reason: str) -> InvalidValue:
    return InvalidValue(
        f"{url[:100]!r} cannot be the address of a store: {reason}",
        "use https://host/path, ssh://host/path, user@host:path or a folder",
    )
