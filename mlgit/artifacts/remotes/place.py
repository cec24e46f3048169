"""What mlgit must know of a kind of place to keep objects there."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

from mlgit.errors import MissingExtra

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 60.0
FRESH = {"use_listings_cache": False, "skip_instance_cache": True}


class Head(NamedTuple):
    """What a place says of a file without its bytes.

    Attributes:
        size: Bytes.
        modified: Seconds since 1970 UTC, by the place's clock.
        sha256: The digest of what is kept, in hex, where the place has computed it; else empty.
    """

    size: int
    modified: float
    sha256: str = ""


class Place(NamedTuple):
    """A file system and a folder in it.

    Attributes:
        make: Makes the file system; again after a fork, as connections do not survive one.
        root: The folder, as the file system names it.
        top: What must be there already: the bucket, or the folder itself; empty if not to know.
        renames: Files are written under another name first; else one write is atomic.
        opens: Read through `open` and `seek`; else in ranges.
        connected: There is one connection, made anew after a failure.
        read_only: Nothing can be put there.
        bundles: Each request costs: small objects are kept many in one file.
        login: What to look at when it lets nobody in.
        head: Asks for one file of an asynchronous file system; `info` where None.
        read: Reads a range; `cat_file` where None.
        stream: Opens a file to be read from an offset on in one request; ranges where None.
        write: Writes a file at once (file system, path, data, sha256); `pipe_file` where None.
        send: Uploads a bigger one (file system, path, source, callback); `put_file` where None.
            Both give the digest, in hex, that the place has computed of what it keeps, else "".
        settle: Makes a written file lasting.
        rename: Moves a file, making folders; `mv` where None.
    """

    make: Callable[[], Any]
    root: str
    top: str
    renames: bool = False
    opens: bool = False
    connected: bool = False
    read_only: bool = False
    bundles: bool = False
    login: str = ""
    head: Callable[[Any, str], Awaitable[Head]] | None = None
    read: Callable[[Any, str, int, int], Awaitable[bytes]] | None = None
    stream: Callable[[Any, str, int], Awaitable[Any]] | None = None
    write: Callable[[Any, str, bytes, str], Awaitable[str]] | None = None
    send: Callable[[Any, str, str, Any], Awaitable[str] | None] | None = None
    settle: Callable[[Any, str], Awaitable[object] | None] | None = None
    rename: Callable[[str, str], object] | None = None


def filesystem(protocol: str, **settings: object) -> Any:
    """A file system of fsspec's that keeps nothing in mind."""
    import fsspec

    return fsspec.filesystem(protocol, **FRESH, **settings)


def require(package: str, extra: str) -> None:
    """Raise MissingExtra where a package is not installed."""
    if find_spec(package) is None:
        raise MissingExtra(
            f"remotes of that kind need the package {package}",
            f'pip install "mlgit[{extra}]"',
            package=package,
        )


def environment(*names: str) -> str:
    """The first of these variables that says something."""
    return next((os.environ[name] for name in names if os.environ.get(name)), "")
