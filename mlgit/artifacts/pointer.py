"""Git LFS pointer files: what git keeps in place of a large file, and which object it means."""

from __future__ import annotations

import re
from typing import NamedTuple

from mlgit.errors import InvalidValue

MAX_POINTER = 1024  # bytes; a pointer is shorter, as its specification says
_VERSIONS = (b"https://git-lfs.github.com/spec/v1", b"https://hawser.github.com/spec/v1")
_LINE = re.compile(rb"([a-z0-9.-]+) ([^\r\n]+)\n")
_OID = re.compile(rb"sha256:([0-9a-f]{64})")
_SIZE = re.compile(rb"0|[1-9][0-9]{0,18}")
_HEX = re.compile(r"[0-9a-f]{64}")


class Pointed(NamedTuple):
    """What a pointer file stands for: the sha256 of the bytes in hex, and how many they are."""

    sha256: str
    size: int


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
    return Pointed(oid[1].decode(), int(size[0]))
