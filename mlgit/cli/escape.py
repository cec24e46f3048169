"""Text from users made harmless and measurable: control characters shown, columns counted."""

from __future__ import annotations

import re
from functools import cache

# C0 and C1 controls, soft hyphen, zero-width and direction marks, line and paragraph separators,
# lone surrogates, tag characters: what can move the cursor, hide text or turn it around.
_CONTROLS = "\x00-\x1f"
_OTHERS = (
    "\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_IN_CELL = "\x00-\x08\x0b-\x1f"  # a quoted cell may hold tabs and newlines as they are
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """`text` on one line with every control, direction and invisible character spelled out."""
    return (
        text
        if text.isascii() and text.isprintable()
        else _any_of(_CONTROLS + _OTHERS).sub(_spelled, text)
    )


def visible_cell(text: str) -> str:
    """As `visible`, keeping newlines and tabs, for formats that quote them."""
    return _any_of(_IN_CELL + _OTHERS).sub(_spelled, text)


def json_safe(text: str) -> str:
    r"""JSON `text` with hostile characters as `\u` escapes: the same value, harmless to print."""
    return _any_of(_OTHERS).sub(_json_escape, text)


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


@cache
def _any_of(characters: str) -> re.Pattern[str]:
    # Compiled on first use: most output is plain ASCII and never needs it.
    return re.compile(f"[{characters}]")


def _unpainted(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def _spelled(match: re.Match[str]) -> str:
    character = match.group()
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


@cache
def _columns(character: str) -> int:
    import unicodedata

    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
