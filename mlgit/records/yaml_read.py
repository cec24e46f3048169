"""Reading our own profile of YAML, line by line.

Any other text goes to `mlgit.records.yaml_foreign`; where both read a text they agree.
"""

from __future__ import annotations

import re
from math import inf, nan
from typing import Any

from mlgit import errors
from mlgit.records.yaml_write import (
    LITERAL,
    MAX_BYTES,
    MAX_DEPTH,
    QUOTABLE,
    RESERVED,
    WORD,
    printable,
    quoted,
)

_CACHED = 8192  # keys and short values that are remembered, of all documents

_QUOTED = rf'"{QUOTABLE}*(?:\\(?:["\\/bfnrt]|u(?!d[89a-f])[0-9a-f]{{4}}){QUOTABLE}*)*"'
_scalar = re.compile(
    r"(-?(?:0|[1-9][0-9]{0,17}))"
    r"|(-?[0-9]{1,17}\.[0-9]+(?:e[-+][0-9]+)?)"
    rf"|({_QUOTED})"
    rf"|({WORD})"
    r"|(-?\.inf|\.nan)"
    r"|(\{\}|\[\])"
).fullmatch
_line = re.compile(rf"( *)(- )?(?:({WORD}|{_QUOTED}):(?: (?=.)|$))?(.*)", re.DOTALL).fullmatch
_blocks = re.compile(
    rf"^(( *)(?:{WORD}|{_QUOTED}): )\|(-?)\n"
    rf"((?:\2  (?![ \t]){LITERAL}+\n)(?:\2  {LITERAL}*\n|\n)*)",
    re.MULTILINE,
).sub
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_SPECIAL = {".nan": nan, ".inf": inf, "-.inf": -inf}

#: What stands before a value -> its column, whether a dash stands there, key, whether it ends so.
_Head = tuple[int, bool, str, bool]
_heads: dict[str, _Head] = {}
_values: dict[str, Any] = {}


class NotProfile(Exception):
    """The text is not what `dump` writes; it may still be YAML."""


def load(data: bytes) -> dict[str, Any]:
    """The mapping that `data` spells.

    Raises:
        errors.Damaged: Not a mapping in the YAML that mlgit accepts; facts: `line`, `column`
            (from 1, None where unknown), `reason`.
    """
    if len(data) > MAX_BYTES:
        raise errors.Damaged(
            f"the file has {len(data)} bytes; more than {MAX_BYTES} are never read",
            line=None,
            column=None,
            reason="too large",
        )
    try:
        return read_profile(data.decode())
    except (NotProfile, UnicodeDecodeError):
        from mlgit.records import yaml_foreign  # its parser costs 15 ms to import

        return yaml_foreign.load(data)


def read_profile(text: str) -> dict[str, Any]:
    """The mapping that a text of the profile spells.

    Raises:
        NotProfile: The text is anything else.
    """
    if not printable(text):
        raise NotProfile
    if ": |" in text:
        text = _blocks(_one_line, text)
    if text[-1:] != "\n":
        raise NotProfile
    place = _Place()
    for line in text[:-1].split("\n"):
        head, _, raw = line.partition(": ")
        known = _heads.get(head)
        if known is None or not (raw or known[3]):
            known, raw = _new_line(line)
        column, dash, key, opens = known
        target = place.target
        if dash or place.opened or column != place.column or type(target) is list:
            place.enter(column, dash, key)
            target = place.target
        if key in target and key:
            raise NotProfile
        if opens:
            if raw or line[-1] != ":":
                raise NotProfile
            place.opened = key
        elif key:
            target[key] = _values[raw] if raw in _values else _new_value(raw)
        else:
            target.append(_new_value(raw))
    if place.opened or not place.top:
        raise NotProfile
    return place.top


class _Place:
    """Where the next line belongs.

    Attributes:
        target: The mapping or list that is being filled.
        column: Where its lines begin.
        opened: The key of `target` whose value begins on the next line, or "".
    """

    __slots__ = ("_above", "column", "opened", "target", "top")

    def __init__(self) -> None:
        self.top: dict[str, Any] = {}
        self.target: Any = self.top
        self.column = 0
        self.opened = ""
        self._above: list[tuple[Any, int]] = []

    def enter(self, column: int, dash: bool, key: str) -> None:
        """Go to where a line of that column belongs; a new mapping for `- key:`."""
        if self.opened:
            if column != self.column + 2:
                raise NotProfile
            child: Any = [] if dash else {}
            self.target[self.opened] = child
            self._go_down(child, column)
            self.opened = ""
        while column < self.column:
            self.target, self.column = self._above.pop()
        if column != self.column or dash != (type(self.target) is list):
            raise NotProfile
        if dash and key:
            self.target.append({})
            self._go_down(self.target[-1], column + 2)

    def _go_down(self, child: Any, column: int) -> None:
        if len(self._above) >= MAX_DEPTH - 1:
            raise NotProfile
        self._above.append((self.target, self.column))
        self.target, self.column = child, column


def _new_line(line: str) -> tuple[_Head, str]:
    """The head and the value of a line whose head is not known yet."""
    match = _line(line)
    if match is None:
        raise NotProfile
    spaces, dash, raw_key, raw = match.groups()
    key = _new_key(raw_key) if raw_key else ""
    if not (key or (dash and raw)):
        raise NotProfile
    head = (len(spaces), bool(dash), key, not raw)
    if raw_key and len(_heads) < _CACHED and ": " not in raw_key:
        _heads[line.partition(": ")[0]] = head
    return head, raw


def _new_key(raw: str) -> str:
    if raw[0] == '"':
        if raw == '""':
            raise NotProfile  # a key is how this reader tells a mapping from a list
        return _unquoted(raw)
    if len(raw) < 6 and raw.lower() in RESERVED:
        raise NotProfile
    return raw


def _new_value(raw: str) -> Any:
    match = _scalar(raw)
    if match is None:
        raise NotProfile
    kind = match.lastindex
    if kind == 2:
        return _finite(raw)
    if kind == 6:
        return {} if raw == "{}" else []
    value: Any
    if kind == 1:
        value = int(raw)
    elif kind == 3:
        value = _unquoted(raw)
    elif kind == 5:
        value = _SPECIAL[raw]
    else:
        value = _word(raw)
    if len(raw) < 20 and len(_values) < _CACHED:
        _values[raw] = value
    return value


def _unquoted(raw: str) -> str:
    if "\\" not in raw:
        return raw[1:-1]
    from json import loads  # 3 ms that most commands need not spend

    return str(loads(raw))


def _finite(raw: str) -> float:
    value = float(raw)
    if value in (inf, -inf):
        raise NotProfile
    return value


def _word(raw: str) -> Any:
    if raw in _WORDS:
        return _WORDS[raw]
    if len(raw) < 6 and raw.lower() in RESERVED:
        raise NotProfile
    return raw


def _one_line(match: re.Match[str]) -> str:
    """A block literal as the quoted scalar of the same text."""
    start, indent, chomp, block = match.groups()
    width = len(indent) + 2
    body = "\n".join([line[width:] for line in block.split("\n")]).rstrip("\n")
    return f"{start}{quoted(body if chomp else body + chr(10))}\n"
