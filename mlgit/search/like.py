"""LIKE and ILIKE: `%` any text, `_` one character; time linear in the text for a given pattern."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple


class _Piece(NamedTuple):
    """A part of the pattern between two `%`; `regex` is None where it has no `_`."""

    text: str
    regex: re.Pattern[str] | None

    def at(self, text: str, position: int) -> bool:
        """It fits exactly at `position`."""
        if self.regex is None:
            return text.startswith(self.text, position)
        return self.regex.match(text, position) is not None

    def find(self, text: str, start: int, end: int) -> int:
        """The first place in `text[start:end]` where it fits, or -1."""
        if self.regex is None:
            return text.find(self.text, start, end)
        match = self.regex.search(text, start, end)
        return match.start() if match else -1


@lru_cache(maxsize=64)
def like(pattern: str, ignore_case: bool) -> Callable[[str], bool]:
    """A test of whole texts against `pattern`; there is no escape character."""
    if ignore_case:
        folded = like(pattern.casefold(), False)
        return lambda text: folded(text.casefold())
    first, *rest = [_piece(text) for text in pattern.split("%")]
    if not rest:
        return lambda text: len(text) == len(first.text) and first.at(text, 0)
    return lambda text: _fits(text, first, rest[:-1], rest[-1])


def _piece(text: str) -> _Piece:
    if "_" not in text:
        return _Piece(text, None)
    parts = [re.escape(part) for part in text.split("_")]
    return _Piece(text, re.compile(".".join(parts), re.DOTALL))


def _fits(text: str, first: _Piece, middle: list[_Piece], last: _Piece) -> bool:
    # Every piece has a fixed length, so taking each at its first place never loses a match.
    tail = len(text) - len(last.text)
    position = len(first.text)
    if tail < position or not first.at(text, 0) or not last.at(text, tail):
        return False
    for piece in middle:
        found = piece.find(text, position, tail)
        if found < 0:
            return False
        position = found + len(piece.text)
    return True
