"""Git LFS pointer files: what git keeps in place of a large file, and which object it means."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mlgit.errors import InvalidState, InvalidValue

MAX_POINTER = 1024  # bytes; a pointer is shorter, as its specification says
_VERSIONS = (b"https://git-lfs.github.com/spec/v1", b"https://hawser.github.com/spec/v1")
_LINE = re.compile(rb"([a-z0-9.-]+) ([^\r\n]+)\n")
_OID = re.compile(rb"sha256:([0-9a-f]{64})")
_SIZE = re.compile(rb"0|[1-9][0-9]{0,18}")
_HEX = re.compile(r"[0-9a-f]{64}")


class Pointed(NamedTuple):
    """What a pointer file stands for.

    Attributes:
        sha256: Of the bytes, in hex.
        size: How many they are.
        extended: Whether extensions of git-lfs have to make the user's file of these bytes.
    """

    sha256: str
    size: int
    extended: bool = False


def pointer_of(sha256: str, size: int) -> bytes:
    """The one pointer file of these bytes; that of no bytes is empty, too.

    Raises:
        InvalidValue: Not a digest, or a size below 0.
    """
    if not _HEX.fullmatch(sha256) or size < 0:
        raise InvalidValue(f"not a digest and a size: {sha256[:80]!r}, {size}")
    if size == 0:
        return b""
    return b"version %b\noid sha256:%b\nsize %d\n" % (_VERSIONS[0], sha256.encode(), size)


def parse_pointer(data: bytes) -> Pointed | None:
    """What a pointer file stands for; None when `data` is none. Lines of extensions may be there.

    An empty file, which is its own pointer, gives None.
    """
    if len(data) >= MAX_POINTER:
        return None
    lines = _LINE.findall(data)
    keys = [key for key, _ in lines]
    if sum(len(key) + len(value) + 2 for key, value in lines) != len(data):
        return None
    if keys[:1] != [b"version"] or keys[1:] != sorted(set(keys[1:])):
        return None
    found = dict(lines)
    oid, size = _OID.fullmatch(found.get(b"oid", b"")), _SIZE.fullmatch(found.get(b"size", b""))
    if found[b"version"] not in _VERSIONS or not oid or not size:
        return None
    return Pointed(oid[1].decode(), int(size[0]), any(key.startswith(b"ext-") for key in keys))


def read_pointer(file: BinaryIO) -> Pointed | None:
    """What the pointer in an open file, at its beginning, stands for; None when it is none."""
    if os.fstat(file.fileno()).st_size >= MAX_POINTER:
        return None
    data = file.read(MAX_POINTER)
    file.seek(0)
    return parse_pointer(data) if data.startswith(b"version ") else None


def file_behind(pointed: Pointed, source: Path, lfs: Path | None) -> Path:
    """The file that the pointer `source` stands for, in the folder where git-lfs keeps them.

    Raises:
        InvalidState: It is not there: git-lfs has not fetched it, or keeps it in another form.
    """
    name = pointed.sha256
    if lfs is not None and not pointed.extended:
        path = lfs / name[:2] / name[2:4] / name
        if path.is_file() and path.stat().st_size == pointed.size:
            return path
    raise _not_here(pointed, source)


def require_behind(pointed: Pointed, source: Path, sha256: str) -> None:
    """Refuse a file that is damaged where git-lfs keeps it.

    Raises:
        InvalidState: `sha256` is not what the pointer `source` says.
    """
    if sha256 != pointed.sha256:
        raise _not_here(pointed, source)


def _not_here(pointed: Pointed, source: Path) -> InvalidState:
    return InvalidState(
        f"{source} is only a Git LFS pointer: the file of {pointed.size} bytes that it stands for"
        " is not here, or damaged",
        "git lfs pull",
        path=str(source),
        sha256=pointed.sha256,
    )
