r"""The bytes of a journal: frames that are each written whole, checked and found again.

A frame is the magic `\nMJ1`, a CRC-32 of all that follows it, one word holding the kind (upper 4
bits) and the payload's length (lower 28), and the payload; all numbers are little-endian. Whatever
does not hold up is skipped to the next magic, so a damaged byte costs one frame.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

MAGIC = b"\nMJ1"
HEADER, EVENT, SERIES, POINTS, FILE = range(5)
MAX_PAYLOAD = (1 << 28) - 1
ROW = struct.Struct("<Iqqd")  # series number, step, timestamp, value

_HEAD = struct.Struct("<4sII")  # magic, check, word
_PREFIX = struct.Struct("<4sI")
_WORD = struct.Struct("<I")
_LONE = struct.Struct("<IIqqd")  # word and row: all but the prefix of a frame with one point
_CHECK_AND_WORD = struct.Struct("<II")
LONE_WORD = POINTS << 28 | ROW.size
LONE_SIZE = _PREFIX.size + _LONE.size

_pack_lone = _LONE.pack
_pack_prefix = _PREFIX.pack


class Frame(NamedTuple):
    """One whole frame: its kind, its payload and the byte behind it."""

    kind: int
    payload: bytes
    end: int


def pack(kind: int, payload: bytes) -> bytes:
    """The bytes of one frame.

    Raises:
        ValueError: `payload` is longer than `MAX_PAYLOAD`.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"{len(payload)} bytes do not fit into one frame")
    body = _WORD.pack(kind << 28 | len(payload)) + payload
    return _pack_prefix(MAGIC, crc32(body)) + body


def pack_point(series: int, step: int, timestamp: int, value: float) -> bytes:
    """The frame of a single point; this is the path of every `log_metric`.

    Raises:
        struct.error: `step` or `timestamp` is outside 64 bits.
    """
    body = _pack_lone(LONE_WORD, series, step, timestamp, value)
    return _pack_prefix(MAGIC, crc32(body)) + body


def pack_points(values: Sequence[int | float]) -> bytes:
    """One frame of many points, given flat: series, step, timestamp, value, series, ….

    Raises:
        struct.error: A step or timestamp is outside 64 bits.
    """
    return pack(POINTS, _rows(len(values) // 4).pack(*values))


@lru_cache(maxsize=64)
def _rows(count: int) -> struct.Struct:
    return struct.Struct("<" + "Iqqd" * count)


def frame_at(data: bytes, at: int) -> Frame | None:
    """The frame that begins at byte `at`, None where none does or it is not whole."""
    if at + _HEAD.size > len(data):
        return None
    magic, check, word = _HEAD.unpack_from(data, at)
    end = at + _HEAD.size + (word & MAX_PAYLOAD)
    if magic != MAGIC or end > len(data):
        return None
    body = data[at + _PREFIX.size : end]
    return Frame(word >> 28, body[_WORD.size :], end) if crc32(body) == check else None


def is_lone(frame: bytes) -> bool:
    """Whether these bytes are exactly one whole frame of one point."""
    if len(frame) != LONE_SIZE or frame[:4] != MAGIC:
        return False
    check, word = _CHECK_AND_WORD.unpack_from(frame, 4)
    return bool(word == LONE_WORD and crc32(frame[_PREFIX.size :]) == check)


def next_magic(data: bytes, at: int) -> int:
    """Where a frame may begin at or behind byte `at`; the end of `data` where none does."""
    found = data.find(MAGIC, at)
    return found if found >= 0 else len(data)
