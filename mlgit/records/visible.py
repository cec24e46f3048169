"""Characters that people do not see, spelled out: wherever text of users is shown."""

from __future__ import annotations

import re
from functools import cache

# C0 and C1 controls, soft hyphen, zero-width and direction marks, line and paragraph separators,
# lone surrogates, tag characters: what can move the cursor, hide text or turn it around.
CONTROLS = "\x00-\x1f"
OTHERS = (
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
        else any_of(CONTROLS + OTHERS).sub(_spelled, text)
    )


def visible_cell(text: str) -> str:
    """As `visible`, keeping newlines and tabs, for formats that quote them."""
    return any_of(_IN_CELL + OTHERS).sub(_spelled, text)


@cache
def any_of(characters: str) -> re.Pattern[str]:
    """A pattern of one of these; compiled on first use: most output is plain ASCII."""
    return re.compile(f"[{characters}]")


def _spelled(match: re.Match[str]) -> str:
    character = match.group()
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
