"""Text of a query → tokens. Linear in the text: one pass, one regular expression."""

from __future__ import annotations

import re
from typing import NamedTuple

from mlgit.search.query_error import QueryError

MAX_LENGTH = 100_000

KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "ASC", "DESC"})
_FOREIGN = {
    "&&": "use AND",
    "||": "use OR",
    "&": "use AND",
    "|": "use OR",
    "!": "use NOT, or != between a field and a value",
    "~": "use LIKE '%part%'",
    ";": "one query at a time; join conditions with AND",
}
_QUOTED = {quote: f"{quote}(?:[^{quote}]|{quote}{quote})*{quote}" for quote in "'\"`"}
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<field>[^\W\d]\w*\s*\.\s*(?:{_QUOTED["`"]}|{_QUOTED['"']}))
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<signed>[+-](?:inf|nan)\b)
    | (?P<word>[^\W\d][\w./:@-]*)
    | (?P<string>{_QUOTED["'"]}|{_QUOTED['"']})
    | (?P<backtick>{_QUOTED["`"]})
    | (?P<operator><=|>=|!=|==|<>|=|<|>)
    | (?P<punctuation>[(),])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_UNREADABLE = re.compile(r"&&|\|\||\S[\w.]*|\S")


class Token(NamedTuple):
    """One word of a query; `text` is the value without quotes, keywords are in upper case.

    `kind` is field, word, keyword, string, backtick, number, operator, punctuation or end.
    """

    kind: str
    text: str
    position: int
    length: int
    key: str = ""


def unquote(text: str) -> str:
    """The content of a quoted text; its doubled quote stands for one."""
    return text[1:-1].replace(text[0] * 2, text[0])


def tokens(text: str) -> list[Token]:
    """Every token of `text`, the last of kind `end`.

    Raises:
        QueryError: The text is too long, has an unclosed quote, or a character without meaning.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(text, MAX_LENGTH, 0, f"the query is longer than {MAX_LENGTH} characters")
    if not _is_text(text):
        raise QueryError(text, 0, len(text), "the query is not valid Unicode text")
    found: list[Token] = []
    position = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        position = match.end()
        found.append(_token(match))
    return found


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup or "end"
    raw = match[kind]
    at, length = match.start(kind), len(raw)
    if kind == "field":
        prefix, _, key = raw.partition(".")
        return Token("field", prefix.strip(), at, length, unquote(key.strip()))
    if kind in ("string", "backtick"):
        return Token(kind, unquote(raw), at, length)
    if kind == "word" and raw.upper() in KEYWORDS:
        return Token("keyword", raw.upper(), at, length)
    return Token("number" if kind == "signed" else kind, raw, at, length)


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _unreadable(text: str, position: int) -> QueryError:
    start = position + len(text[position:]) - len(text[position:].lstrip())
    first = text[start]
    if first in "'\"`":
        reason = f"the quote {first} is not closed"
        return QueryError(text, start, len(text) - start, reason, f"add {first} at its end")
    match = _UNREADABLE.match(text, start)
    wrong = match[0] if match else first
    symbol = wrong if wrong in _FOREIGN else first
    if symbol in _FOREIGN:
        return QueryError(text, start, len(symbol), f"{symbol!r} is unknown", _FOREIGN[symbol])
    return QueryError(text, start, len(wrong), f"{wrong!r} is neither a number nor a name")
