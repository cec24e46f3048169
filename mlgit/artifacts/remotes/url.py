"""The address of a remote: a short list of protocols, a strict grammar, no secrets.

Nothing is decoded, expanded or guessed: what is not plainly one place is refused.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from typing import NamedTuple, NoReturn

from mlgit.errors import InvalidValue

MAX_LENGTH = 2000
PROTOCOLS = {
    "s3": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "abfs": "az",
    "ssh": "ssh",
    "sftp": "ssh",
    "http": "http",
    "https": "https",
    "file": "file",
    "memory": "memory",
    "lfs": "lfs",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")  # a bucket, a host, a user
_LFS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_EXAMPLES = "write it as s3://bucket/prefix, gs://…, az://…, ssh://host/path or /mounted/folder"


class RemoteUrl(NamedTuple):
    """A remote's address in its parts.

    Attributes:
        scheme: One of the values of `PROTOCOLS`.
        host: The bucket, container or host; for `lfs` that or the git remote's name; else empty.
        path: Below it, with neither slash at its ends; a whole path for `file` and `ssh`.
        user: Who logs in, for `ssh` where it is given.
        port: 0 where none is given.
    """

    scheme: str
    host: str
    path: str
    user: str = ""
    port: int = 0


def parse_url(url: str) -> RemoteUrl:
    """The parts of a remote's address.

    Raises:
        InvalidValue: It is none, could mean several places, or holds a secret.
    """
    _check_text(url)
    if url.startswith("/") or (os.name == "nt" and _DRIVE.match(url)):
        return RemoteUrl("file", "", _folder(url))
    found = _SCHEME.match(url)
    if not found:
        _refuse("a relative path means another place in every folder", _EXAMPLES)
    scheme = PROTOCOLS.get(found[1].lower())
    if scheme is None:
        _refuse(f"mlgit knows no remotes of the kind {found[1][:40]!r}", _EXAMPLES)
    rest = url[found.end() :]
    if scheme == "lfs":
        if rest.lower().startswith(("http://", "https://")):
            return parse_url(rest)._replace(scheme="lfs")
        return RemoteUrl("lfs", _matching(_LFS_NAME, rest, "the name of a git remote"), "")
    if not rest.startswith("//"):
        _refuse(f"{scheme}: is followed by two slashes", _EXAMPLES)
    return _parse_rest(scheme, rest[2:])


def _check_text(url: str) -> None:
    if not url or len(url) > MAX_LENGTH:
        _refuse("an address has 1 to 2000 characters", _EXAMPLES)
    if not url.isprintable() or any(0xD800 <= ord(letter) < 0xE000 for letter in url):
        _refuse("the address holds a control character", "type it again")
    if "::" in url and "[" not in url:
        _refuse("chained addresses (`::`) are not opened", _EXAMPLES)
    if url.startswith("~"):
        _refuse("`~` is not expanded", "write the whole path")
    if url.startswith(("\\\\", "//")):
        _refuse("a network share is not opened by that name", "mount it and give the folder")


def _parse_rest(scheme: str, rest: str) -> RemoteUrl:
    for sign in "?#%\\":
        if sign in rest:
            _refuse(
                f"the address holds {sign!r}",
                "leave out queries and signatures: credentials come from the environment",
            )
    authority, slash, path = rest.partition("/")
    if scheme == "file":
        if authority:
            _refuse("a file address names no host", "write file:///path or the path alone")
        return RemoteUrl("file", "", _folder(slash + path))
    user, _, place = authority.rpartition("@")
    _check_user(scheme, user)
    host, port = _host_and_port(scheme, place)
    if scheme == "ssh":
        return RemoteUrl(scheme, host, _folder(slash + path), user, port)
    return RemoteUrl(scheme, host, _clean(path.strip("/")), "", port)


def _check_user(scheme: str, user: str) -> None:
    if ":" in user or (user and scheme != "ssh"):
        _refuse(
            "the address holds a user name or password",
            "leave it out: credentials come from the environment, never from the branch",
        )
    if user:
        _matching(_NAME, user, "a user name")


def _host_and_port(scheme: str, place: str) -> tuple[str, int]:
    if place.startswith("["):
        _refuse("an address in brackets is not opened", "give the host's name")
    host, colon, number = place.partition(":")
    if colon and (scheme not in ("ssh", "http", "https") or not number.isascii()):
        _refuse("the address has a port where none belongs", _EXAMPLES)
    if colon and not (number.isdigit() and 0 < int(number[:6]) < 65536):
        _refuse("a port is a number from 1 to 65535", _EXAMPLES)
    _matching(_NAME, host, "the name of a bucket or host")
    if scheme in ("ssh", "http", "https"):
        _check_host(host)
    return host, int(number or 0)


def _check_host(host: str) -> None:
    """No address of a cloud's own metadata service, which gives secrets to whoever asks."""
    last = host.rpartition(".")[2].lower()
    if last.isdigit() or last.startswith("0x"):
        try:
            address = ip_address(host)
        except ValueError:
            _refuse("the host is an unusual way to write a number", "give the host's name")
        if address.is_link_local or address.is_unspecified or address.is_multicast:
            _refuse(f"{host} is no address of a server", "give the host's name")
    if host.lower() in ("metadata", "metadata.google.internal"):
        _refuse(f"{host} is no artifact store", _EXAMPLES)


def _folder(path: str) -> str:
    """An absolute path of a folder, without a slash at its end."""
    if path.startswith("//") or "\\\\" in path:
        _refuse("a network share is not opened by that name", "mount it and give the folder")
    drive = os.name == "nt" and _DRIVE.match(path.lstrip("/"))
    if not path.startswith("/") and not drive:
        _refuse("the address names no folder", "give its whole path, beginning with /")
    return "/" + _clean(path.strip("/")) if not drive else _clean(path.strip("/"))


def _clean(path: str) -> str:
    """`path` when each of its parts is a plain name."""
    parts = path.replace("\\", "/").split("/") if os.name == "nt" else path.split("/")
    if path and any(part in ("", ".", "..") for part in parts):
        _refuse("the path holds an empty part, `.` or `..`", "write it without")
    if any(part.startswith("~") for part in parts):
        _refuse("`~` is not expanded", "write the whole path")
    return path


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text) or ".." in text or "//" in text:
        _refuse(f"{text[:60]!r} is not {what}", _EXAMPLES)
    return text


def _refuse(reason: str, hint: str) -> NoReturn:
    raise InvalidValue(f"not the address of a remote: {reason}", hint)
