"""Reading our own profile of YAML with one regular expression.

Any other text goes to `mlgit.records.yaml_foreign`; where both read a text they agree.
"""

from __future__ import annotations

import re
from json import loads
from math import inf, nan
from typing import Any

from mlgit import errors
from mlgit.records.yaml_write import LITERAL, RESERVED, UNESCAPED, WORD

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 32

_QUOTED = rf'"[{UNESCAPED}]*(?:\\(?:["\\/bfnrt]|u(?!d[89a-f])[0-9a-f]{{4}})[{UNESCAPED}]*)*"'
# A line: indent, dash, key, then one value; the last group takes all that is not of the profile.
_lines = re.compile(
    rf"^( *)(- )?(?:({WORD}|{_QUOTED}):(?: (?=[^\n])|(?=\n)))?(?:(?:"
    r"(-?(?:0|[1-9][0-9]{0,17}))"
    r"|(-?[0-9]{1,17}\.[0-9]+(?:e[-+][0-9]+)?)"
    rf"|({_QUOTED})"
    rf"|({WORD}|-?\.inf|\.nan|\{{\}}|\[\])"
    r")\n"
    rf"|\|(-?)\n((?:\1  (?! )[{UNESCAPED}\"\\]{LITERAL}*\n)(?:\1  {LITERAL}*\n|\n)*)"
    r"|(\n)"
    r"|([\s\S]+))",
    re.MULTILINE,
).findall

_SHORT: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    ".nan": nan,
    ".inf": inf,
    "-.inf": -inf,
}


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
            f"the file is {len(data)} bytes; more than {MAX_BYTES} are never read",
            line=None,
            column=None,
            reason="too large",
        )
    if data == b"{}\n":
        return {}
    try:
        return _read_profile(data.decode())
    except (NotProfile, UnicodeDecodeError):
        from mlgit.records import yaml_foreign  # its parser costs 15 ms to import

        return yaml_foreign.load(data)


def _read_profile(text: str) -> dict[str, Any]:
    top: dict[str, Any] = {}
    current: Any = top
    indent = 0
    opened = ""  # the key of `current` whose value starts on the next line
    stack: list[tuple[int, Any]] = []
    for spaces, dash, key, whole, real, quoted, word, chomp, block, more, rest in _lines(text):
        if rest:
            raise NotProfile
        column = len(spaces)
        if opened:
            if column != indent + 2 or len(stack) >= MAX_DEPTH:
                raise NotProfile
            stack.append((indent, current))
            child: Any = [] if dash else {}
            current[opened] = child
            current, indent, opened = child, column, ""
        elif column != indent:
            while column < indent:
                indent, current = stack.pop()
            if column != indent:
                raise NotProfile
        if dash and key and type(current) is list:
            stack.append((indent, current))
            current.append({})
            current, indent = current[-1], column + 2
        elif bool(dash) != (type(current) is list) or bool(key) == bool(dash):
            raise NotProfile
        value: Any
        if whole:
            value = int(whole)
        elif real:
            value = _finite(real)
        elif quoted:
            value = loads(quoted) if "\\" in quoted else quoted[1:-1]
        elif word:
            value = word if len(word) > 5 else _short(word)
        elif block:
            if dash:
                raise NotProfile
            value = _dedent(block, column + 2, chomp)
        else:
            value = None
        if not key:
            if more:
                raise NotProfile
            current.append(value)
            continue
        key = _keys.get(key) or _new_key(key)
        if key in current:
            raise NotProfile
        current[key] = value
        if more:
            opened = key
    if opened or not top:
        raise NotProfile
    return top


def _finite(text: str) -> float:
    value = float(text)
    if value in (inf, -inf):
        raise NotProfile
    return value


def _short(word: str) -> Any:
    if word in _SHORT:
        return _SHORT[word]
    if word in ("{}", "[]"):
        return {} if word == "{}" else []
    if word.lower() in RESERVED:
        raise NotProfile
    return word


def _dedent(block: str, width: int, chomp: str) -> str:
    lines = [line[width:] for line in block.split("\n")]
    return "\n".join(lines).rstrip("\n") + ("" if chomp else "\n")


_keys: dict[str, str] = {}


def _new_key(raw: str) -> str:
    if raw[0] == '"':
        key = str(loads(raw))
    elif len(raw) < 6 and raw.lower() in RESERVED:
        raise NotProfile
    else:
        key = raw
    if not key:
        raise NotProfile
    if len(_keys) < 4096:
        _keys[raw] = key
    return key
