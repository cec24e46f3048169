"""Text from users made harmless and measurable: control characters shown, columns counted."""

from __future__ import annotations

import re
from functools import cache

from mlgit.records.visible import OTHERS, any_of, visible, visible_cell

__all__ = ["ascii_only", "clip", "json_safe", "visible", "visible_cell", "width"]


def json_safe(text: str) -> str:
    r"""JSON `text` with hostile characters as `\u` escapes: the same value, harmless to print."""
    return any_of(OTHERS).sub(_json_escape, text)


def ascii_only(text: str) -> str:
    r"""`text` with everything outside ASCII as `\xe9` or `\u2026`."""
    return text if text.isascii() else text.encode("ascii", "backslashreplace").decode()


def width(text: str) -> int:
    """Terminal columns `text` takes; colour sequences take none, wide characters two."""
    if text.isascii():
        return len(text) if "\x1b" not in text else len(_unpainted(text))
    return sum(map(_columns, _unpainted(text)))


def clip(text: str, columns: int, mark: str) -> str:
    """`text` cut to at most `columns` terminal columns, ending in `mark` when it was cut."""
    if width(text) <= columns:
        return text
    room, kept = columns - width(mark), ""
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return (kept + mark)[: max(columns, 0)]


def _unpainted(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


@cache
def _columns(character: str) -> int:
    import unicodedata

    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
