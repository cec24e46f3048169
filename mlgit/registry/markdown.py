"""Text of users in Markdown that forges render: it is shown, and never does anything.

Two readers must be kept off: the one of Markdown, and the forge's own, which looks for people,
issues, closing words, commits and addresses in what was rendered, and for some of them in the
text as it was written. So what means something to Markdown becomes an entity, and what means
something to a forge is broken by a space of no width. Entities are hexadecimal, for in `&#35;`
there is a `#35`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote as url_quote

from mlgit.records.visible import visible, visible_cell

NAME = 200  # characters of a name or a value that are shown
PROSE = 2_000
_BREAK = "\u200b"

#: What has a meaning to Markdown, HTML or an extension of them within a line.
_MARKS = {ord(mark): f"&#x{ord(mark):x};" for mark in "\\`*_{}[]<|~&$#^"}
#: What has one where a line begins.
_FIRST = re.compile(r"[-+](?![\w.])|[=>:/%!]|(?<=\d)[.)](?= |$)")
#: What forges look for: people, issues, labels, emoji, addresses, tickets.
_SOUGHT = re.compile(
    r'(?<=[@#!~%$&^:*])(?=[\w/"+-])|(?<=[A-Za-z]-)(?=\d)|(?<=\bwww)(?=\.)', re.IGNORECASE
)
_COMMIT = re.compile(r"(?<![^\W_])[0-9a-f]{7,}", re.IGNORECASE)
#: What they look for in text as it was written, also within code.
_SOUGHT_RAW = re.compile(
    r"(?<!\w@)(?<=@)(?=\w)|(?<=[#!])(?=\w)|(?<=:)(?=//)|(?<=\bgh-)(?=\d)|(?<=<)(?=!)|(?<=^/)(?=\w)",
    re.IGNORECASE | re.MULTILINE,
)
_PLAIN_CODE = re.compile(r"(?! )[^`|\\]+(?<! )").fullmatch


def plain(value: str, limit: int = NAME) -> str:
    """A name where nothing is rendered but something may be sought: a title, a subject."""
    return _SOUGHT_RAW.sub(_BREAK, visible(clipped(value, limit)))


def text(value: str, limit: int = PROSE) -> str:
    """Prose on one line, such as the reason of a promotion, cut after `limit` characters."""
    line = " ".join(clipped(value, limit).split())
    armed = _armed(line)
    start = len(line) - len(line.lstrip("0123456789"))
    first = _FIRST.match(armed, start)
    return armed if first is None else f"{armed[:start]}{_entity(first)}{armed[start + 1 :]}"


def code(value: str, limit: int = NAME) -> str:
    """A name or value as code within a line or a cell; "" for nothing."""
    shown = visible(clipped(value, limit))
    if not shown:
        return ""
    if _PLAIN_CODE(shown) and not _SOUGHT_RAW.search(shown):
        return f"`{shown}`"
    return f"<code>{_armed(shown)}</code>"


def quote(value: str, limit: int = PROSE, lines: int = 40) -> list[str]:
    """Text of several lines as a quotation; lines of Markdown."""
    held = clipped(value, limit).strip().splitlines()
    more = ["> …"] if len(held) > lines else []
    return [f"> {text(line, limit)}".rstrip() for line in held[:lines]] + more


def block(value: str, language: str = "") -> list[str]:
    """Code of several lines between fences that nothing in it can close; lines of Markdown."""
    shown = _SOUGHT_RAW.sub(_BREAK, visible_cell(value))
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + language, *shown.split("\n"), fence]


def link(label: str, path: str) -> str:
    """A link to a file of the branch; `label` is Markdown already."""
    return f"[{label}]({url_quote(path, safe='/')})"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> list[str]:
    """Rows of a table; every cell is Markdown already.

    Args:
        heads: One for each column.
        rows: As many cells each.
        right: A letter for each column: `r` puts its cells to the right.
    """
    rules = ["---:" if right[at : at + 1] == "r" else "---" for at in range(len(heads))]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows)]


def clipped(value: str, limit: int) -> str:
    """`value`, or its beginning and an ellipsis; `limit` characters at most."""
    return value if len(value) <= limit else value[: limit - 1] + "…"


def _armed(value: str) -> str:
    """`value` with nothing in it that anybody looks for."""
    apart = _COMMIT.sub(lambda found: _chunks(found.group()), visible(value))
    return _SOUGHT.sub(_BREAK, apart).translate(_MARKS)


def _chunks(word: str) -> str:
    return _BREAK.join(word[at : at + 6] for at in range(0, len(word), 6))


def _entity(found: re.Match[str]) -> str:
    return f"&#x{ord(found.group()):x};"
