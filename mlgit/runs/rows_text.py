"""Many points as the rows of a CSV file: columns of bytes side by side, filled up with NUL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from mlgit.runs.reals_text import reals

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 1 << 16  # rows at once: what is made of them stays in the processor's cache


def text_of(rows: NDArray[np.void], cells: Mapping[int, bytes]) -> bytes:
    """Lines `step,timestamp,key,value` of rows of `frames.ROW`; `cells` is series -> key's cell.

    No cell holds a NUL.
    """
    numbers = sorted(cells)
    known, keys = np.array(numbers, np.uint32), _padded([cells[number] for number in numbers])
    return b"".join(
        _block(rows[at : at + _BLOCK], known, keys) for at in range(0, len(rows), _BLOCK)
    )


def _block(rows: NDArray[np.void], known: NDArray[np.uint32], keys: NDArray[np.uint8]) -> bytes:
    comma, end = (np.full((len(rows), 1), ord(mark), np.uint8) for mark in ",\n")
    key = keys[np.searchsorted(known, rows["series"])]
    columns = (_digits(rows["step"]), _digits(rows["time"]), key, reals(rows["value"]))
    whole = np.hstack([*_between(columns, comma), end])
    return whole.tobytes().translate(None, b"\0")


def _between(
    columns: tuple[NDArray[np.uint8], ...], mark: NDArray[np.uint8]
) -> Iterator[NDArray[np.uint8]]:
    for number, column in enumerate(columns):
        yield from (mark, column) if number else (column,)


def _digits(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The decimal digits of whole numbers of at most 18, right-aligned, a sign to their left."""
    fours = _fours()
    left = np.abs(numbers)
    count = -(-len(str(left.max())) // 4)
    text = np.empty((len(numbers), 1 + count), np.uint32)
    text[:, 0] = np.where(numbers < 0, ord("-"), 0)
    for place in range(count, 0, -1):
        rest = left // 10_000
        text[:, place] = fours[left - rest * 10_000 + (rest > 0) * 10_000]
        left = rest
    text[numbers == 0, count] = np.frombuffer(b"\0\0\x000", np.uint32)
    return text.view(np.uint8)


@cache
def _fours() -> NDArray[np.uint32]:
    """The digits of 0 to 9999 as four bytes, first without the zeros before them, then with."""
    short = [f"{number or '':\0>4}" for number in range(10_000)]
    return np.frombuffer("".join([*short, *map("{:04}".format, range(10_000))]).encode(), np.uint32)


def _padded(texts: list[bytes]) -> NDArray[np.uint8]:
    listed = np.array(texts, "S")
    return listed.view(np.uint8).reshape(len(texts), listed.itemsize)
