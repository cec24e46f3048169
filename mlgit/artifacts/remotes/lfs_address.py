"""The address of the LFS server that belongs to a git URL, as git-lfs documents it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit, urlunsplit

from mlgit.artifacts.remotes.lfs_access import Endpoint
from mlgit.errors import InvalidValue

_END = "/info/lfs"


def endpoint_of_git(url: str) -> Endpoint:
    """The server beside the repository at an http or https URL.

    Raises:
        InvalidValue: It is no such URL.
    """
    plain = url.rstrip("/")
    if plain.endswith(_END):
        return endpoint(plain)
    return endpoint(plain + (_END if plain.endswith(".git") else f".git{_END}"))


def endpoint(url: str) -> Endpoint:
    """The server at exactly this URL; a name and password in it are taken out.

    Raises:
        InvalidValue: It is no http or https URL.
    """
    try:
        parts = urlsplit(url.rstrip("/"))
        good = parts.scheme in ("http", "https") and parts.hostname and url.isprintable()
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        good = None
    if not good or " " in url:
        raise InvalidValue("the URL of an LFS server is not one of http or https", "git remote -v")
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return Endpoint(urlunsplit(place), user=user, password=password)
