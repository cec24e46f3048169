"""Files that no rule knows, merged by line as git does it: where both sides meet it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_MOST = 2000  # lines: comparing takes up to the square of it


class _Hunk(NamedTuple):
    """Lines `start` to `end` of the base, and what stands there instead."""

    start: int
    end: int
    lines: tuple[bytes, ...]


def merge_lines(base: bytes | None, ours: bytes | None, theirs: bytes | None) -> bytes | None:
    """Both sides' changes of a text; None where they touch, or where it is no text to compare."""
    if base is None or ours is None or theirs is None:
        return None
    if any(b"\0" in data or data.count(b"\n") > _MOST for data in (base, ours, theirs)):
        return None
    old = base.splitlines(keepends=True)
    hunks = sorted({*_hunks(old, ours), *_hunks(old, theirs)})
    merged: list[bytes] = []
    done = -1
    for hunk in hunks:
        if hunk.start <= done:
            return None
        merged += [*old[max(done, 0) : hunk.start], *hunk.lines]
        done = hunk.end
    return b"".join([*merged, *old[max(done, 0) :]])


def _hunks(old: list[bytes], data: bytes) -> Iterator[_Hunk]:
    from difflib import SequenceMatcher

    new = data.splitlines(keepends=True)
    for tag, start, end, first, last in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            yield _Hunk(start, end, tuple(new[first:last]))
