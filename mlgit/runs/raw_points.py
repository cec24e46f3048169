"""Points as a journal holds them: rows of 28 bytes, and the quick way to collect them."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from mlgit.runs import frames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RawPoint = tuple[int, int, int, float]  # series number, step, timestamp (ms), value

_SERIES = struct.Struct("<I24x")
_FEW = 512  # frames that are looked at one by one before numpy is asked
_MANY = 1 << 18
_WORTH_IMPORTING = 200_000  # frames from which importing numpy costs less than going without


class RawPoints:
    """Points in the order they were logged; grows by whole frames."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size // frames.ROW.size

    def __iter__(self) -> Iterator[RawPoint]:
        return frames.ROW.iter_unpack(self.rows())

    def rows(self) -> bytes:
        """The rows, as they are packed in a journal."""
        whole = b"".join(self._parts)
        self._parts = [whole]
        return whole

    def series(self) -> set[int]:
        """Numbers of all series that have points."""
        rows = self.rows()
        if len(self) < _FEW or "numpy" not in sys.modules:
            return {number for (number,) in set(_SERIES.iter_unpack(rows))}
        import numpy as np

        every = np.frombuffer(rows, [("series", "<u4"), ("rest", f"V{frames.ROW.size - 4}")])
        return set(np.unique(every["series"]).tolist())

    def add_rows(self, payload: bytes) -> bool:
        """Append the rows of one frame; False when it holds no whole number of them."""
        if len(payload) % frames.ROW.size:
            return False
        self._parts.append(payload)
        self._size += len(payload)
        return True

    def add_lone_frames(self, data: bytes, start: int) -> int:
        """Append the unbroken series of one-point frames from byte `start` on.

        Returns:
            The byte behind the last of them.
        """
        limit, collect = _FEW, _few
        while True:
            asked = min(limit, (len(data) - start) // frames.LONE_SIZE)
            rows = collect(data, start, asked)
            count = len(rows) // frames.ROW.size
            self.add_rows(rows)
            start += count * frames.LONE_SIZE
            if count < asked or not asked:
                return start
            limit, collect = _MANY, _many if _quick(data, start) else _few


def _quick(data: bytes, start: int) -> bool:
    return "numpy" in sys.modules or len(data) - start > _WORTH_IMPORTING * frames.LONE_SIZE


def _few(data: bytes, start: int, count: int) -> bytes:
    """The rows of at most `count` one-point frames, up to the first that is not whole."""
    rows = []
    for at in range(start, start + count * frames.LONE_SIZE, frames.LONE_SIZE):
        frame = data[at : at + frames.LONE_SIZE]
        if not frames.is_lone(frame):
            break
        rows.append(frame[-frames.ROW.size :])
    return b"".join(rows)


def _many(data: bytes, start: int, count: int) -> bytes:
    """As `_few`, by numpy."""
    import numpy as np

    size = frames.LONE_SIZE
    whole = np.frombuffer(data, np.uint8, count * size, start).reshape(count, size)
    heads = np.ascontiguousarray(whole[:, :12]).view("<u4")
    magic, word = int.from_bytes(frames.MAGIC, "little"), frames.LONE_WORD
    good = (heads[:, 0] == magic) & (heads[:, 2] == word) & (heads[:, 1] == _checks(whole[:, 8:]))
    end = count if good.all() else int(good.argmin())
    return whole[:end, size - frames.ROW.size :].tobytes()


def _checks(messages: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The CRC-32 of each row of bytes.

    CRC-32 is linear over bits: the check of a message of fixed length is the exclusive or of one
    table entry a byte position.
    """
    import numpy as np

    count, length = messages.shape
    tables, zero = _tables(length)
    checks = np.full(count, zero, np.uint32)
    for position, table in enumerate(tables):
        checks ^= table[messages[:, position]]
    return checks


@cache
def _tables(length: int) -> tuple[list[NDArray[np.uint32]], int]:
    from zlib import crc32

    import numpy as np

    zero = crc32(bytes(length))
    tables = []
    for position in range(length):
        message = bytearray(length)
        entries = []
        for byte in range(256):
            message[position] = byte
            entries.append(crc32(message) ^ zero)
        tables.append(np.array(entries, np.uint32))
    return tables, zero
