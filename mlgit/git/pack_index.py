"""The index beside a pack (`.idx`, version 2): which object starts where."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mlgit.errors import Damaged

_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FAR = 1 << 31  # offsets from here on stand in a table of their own


class Place(NamedTuple):
    """Where an object stands in a pack; `id` is 20 raw bytes, `crc` covers its packed bytes."""

    id: bytes
    offset: int
    crc: int


def encode_index(places: Iterable[Place], pack_checksum: bytes) -> bytes:
    """The bytes of the index of a pack with that trailing checksum (20 raw bytes)."""
    ordered = sorted(places)
    near: list[int] = []
    far: list[int] = []
    for place in ordered:
        if place.offset < _FAR:
            near.append(place.offset)
        else:
            near.append(_FAR | len(far))
            far.append(place.offset)
    body = b"".join(
        (
            _MAGIC,
            struct.pack(">256I", *_fan_out(ordered)),
            *(place.id for place in ordered),
            struct.pack(f">{len(ordered)}I", *(place.crc for place in ordered)),
            struct.pack(f">{len(near)}I", *near),
            struct.pack(f">{len(far)}Q", *far),
            pack_checksum,
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def read_index(path: Path) -> tuple[list[Place], bytes]:
    """All places of an index, ordered by id, and the checksum of its pack.

    Raises:
        Damaged: The file is no whole index of version 2.
    """
    data = path.read_bytes()
    whole = hashlib.sha1(data[:-20], usedforsecurity=False).digest() == data[-20:]
    if not whole or not data.startswith(_MAGIC):
        raise Damaged("a pack index is not readable", path=str(path), reason="checksum or version")
    (count,) = struct.unpack_from(">I", data, 8 + 255 * 4)
    ids = 8 + 256 * 4
    crcs = struct.unpack_from(f">{count}I", data, ids + count * 20)
    offsets = struct.unpack_from(f">{count}I", data, ids + count * 24)
    far = ids + count * 28
    places = []
    for rank, (crc, offset) in enumerate(zip(crcs, offsets, strict=True)):
        if offset & _FAR:
            (offset,) = struct.unpack_from(">Q", data, far + (offset ^ _FAR) * 8)
        places.append(Place(data[ids + rank * 20 : ids + rank * 20 + 20], offset, crc))
    return places, data[-40:-20]


def _fan_out(ordered: list[Place]) -> list[int]:
    """For each first byte, how many ids begin with it or a smaller one."""
    counts = [0] * 256
    for place in ordered:
        counts[place.id[0]] += 1
    total = 0
    for first, count in enumerate(counts):
        total += count
        counts[first] = total
    return counts
