"""What one output stream can show: whether a person looks at it, its size, colour and letters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple, TextIO

from mlgit.cli.escape import ascii_only, visible

_COLOURS = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34}
_COLOURS |= {"magenta": 35, "cyan": 36}


class Terminal(NamedTuple):
    """The abilities of one stream.

    Attributes:
        interactive: A person sees it (it is a terminal).
        width: Columns.
        height: Lines.
        colour: Colour sequences may be written.
        unicode: More than ASCII may be written as decoration and on screen.
    """

    interactive: bool = False
    width: int = 80
    height: int = 24
    colour: bool = False
    unicode: bool = True

    def paint(self, text: str, *styles: str) -> str:
        """`text` in the named styles, or as it is where colour is off."""
        if not self.colour or not styles or not text:
            return text
        codes = ";".join(str(_COLOURS[style]) for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def safe(self, text: str) -> str:
        """`text` on one line, harmless, in the letters that can be shown."""
        return visible(text) if self.unicode else ascii_only(visible(text))

    def pick(self, rich: str, plain: str) -> str:
        """`rich` where Unicode can be shown, else `plain`."""
        return rich if self.unicode else plain


def detect(stream: TextIO, choice: str, environ: Mapping[str, str]) -> Terminal:
    """The abilities of `stream`; `choice` is the `--color` option."""
    interactive = stream.isatty()
    columns, lines = _size(stream) if interactive else (80, 24)
    return Terminal(
        interactive=interactive,
        width=_positive(environ.get("COLUMNS")) or columns,
        height=_positive(environ.get("LINES")) or lines,
        colour=_wants_colour(choice, interactive, environ),
        unicode=_speaks_unicode(stream, environ),
    )


def _wants_colour(choice: str, interactive: bool, environ: Mapping[str, str]) -> bool:
    """The flag wins, then NO_COLOR, then what forces colour, then what the terminal is."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(key, "0") not in {"", "0"} for key in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    dumb = environ.get("TERM") == "dumb" or environ.get("CLICOLOR") == "0"
    return interactive and not dumb


def _speaks_unicode(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """By the locale, since Python itself writes UTF-8 under LC_ALL=C."""
    for key in ("LC_ALL", "LC_CTYPE", "LANG"):
        if environ.get(key):
            locale = environ[key].lower().replace("-", "")
            return "utf8" in locale
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return encoding == "utf8"


def _size(stream: TextIO) -> tuple[int, int]:
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return 80, 24
    return found.columns or 80, found.lines or 24


def _positive(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0
