"""Writing the YAML profile: block style, one key a line, one spelling for every value.

Every scalar written here means the same to a YAML 1.1 and to a YAML 1.2 reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlgit import errors

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 32
MAX_INTEGER = 10**18 - 1
MAX_KEY = 1000  # characters as written; YAML readers give up on a one-line key after 1,024

#: Words that some YAML reader takes for a boolean or nothing, in any mix of upper and lower case.
RESERVED = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
#: What must be escaped besides control characters; a class with these takes 15 ms to compile.
UNPRINTABLE = "\u2028\u2029\ufeff\ufffe\uffff"

WORD = r"[A-Za-z_][A-Za-z0-9_]*(?:[-./+@ ][A-Za-z0-9_]+)*"
QUOTABLE = r'[^"\\\x00-\x1f\x7f-\x9f]'
LITERAL = r"[^\x00-\x08\x0a-\x1f\x7f-\x9f]"
_plain_word = re.compile(rf"(?![0-9a-f]*[0-9][0-9a-f]*\Z){WORD}").fullmatch
_escapes = re.compile(r'["\\\x00-\x1f\x7f-\x9f]').sub
_line = rf"(?![ \t\n]){LITERAL}+"
_literal_text = re.compile(rf"{_line}(?:\n(?: *{_line})?)*").fullmatch


def dump(doc: Mapping[str, Any]) -> bytes:
    """`doc` as UTF-8 text of the profile; equal documents give equal bytes.

    Values: text, int, float, bool, None, mappings with text keys, lists. A lone surrogate, which
    no Unicode text can hold, is written as U+FFFD.

    Raises:
        errors.InvalidValue: A value or key has no spelling in the profile.
    """
    if not doc:
        return b"{}\n"
    out: list[str] = []
    _write_mapping(doc, "", "", out)
    return "".join(out).encode()


def _write_mapping(doc: Mapping[str, Any], first: str, indent: str, out: list[str]) -> None:
    """`first` stands before the first key in the place of `indent` (after a list's dash)."""
    prefix = first or indent
    for key, value in doc.items():
        kind = type(value)
        if kind is str:
            out.append(f"{prefix}{_key(key)}: {_text(value, indent)}\n")
        elif kind is float:
            out.append(f"{prefix}{_key(key)}: {_number(value)}\n")
        elif value and isinstance(value, Mapping):
            out.append(f"{prefix}{_key(key)}:\n")
            _write_mapping(value, "", indent + "  ", out)
        elif value and kind in (list, tuple):
            out.append(f"{prefix}{_key(key)}:\n")
            _write_list(value, indent + "  ", out)
        else:
            out.append(f"{prefix}{_key(key)}: {_plain(value)}\n")
        prefix = indent


def _write_list(items: Any, indent: str, out: list[str]) -> None:
    for item in items:
        if item and isinstance(item, Mapping):
            _write_mapping(item, indent + "- ", indent + "  ", out)
        elif item and isinstance(item, (list, tuple)):
            out.append(f"{indent}-\n")
            _write_list(item, indent + "  ", out)
        elif isinstance(item, str):
            out.append(f"{indent}- {word_or_quoted(item)}\n")
        else:
            out.append(f"{indent}- {_plain(item)}\n")


def _plain(value: Any) -> str:
    """Everything but text and filled containers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) <= MAX_INTEGER:
        return int.__repr__(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        return word_or_quoted(str.__str__(value))
    if isinstance(value, (Mapping, list, tuple)) and not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    raise errors.InvalidValue(f"{value!r:.60} cannot be written as YAML")


def _number(value: float) -> str:
    text = float.__repr__(value)
    if "e" in text and "." not in text:
        return text.replace("e", ".0e")
    return _SPECIAL.get(text, text)


_SPECIAL = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}


def _text(value: str, indent: str) -> str:
    if "\n" in value and value[-2:] != "\n\n" and _literal_text(value) and printable(value):
        head, body = ("|", value[:-1]) if value[-1] == "\n" else ("|-", value)
        lines = [f"{indent}  {line}" if line else "" for line in body.split("\n")]
        return head + "\n" + "\n".join(lines)
    return word_or_quoted(value)


def word_or_quoted(value: str) -> str:
    """Text as it stands on one line."""
    if _plain_word(value) and not (len(value) < 6 and value.lower() in RESERVED):
        return value
    return quoted(value)


def quoted(value: str) -> str:
    """`value` between double quotes, with JSON's escapes."""
    text = _escapes(_escape, value)
    if not printable(text):
        text = "".join(map(_shown, text))
    return f'"{text}"'


def printable(text: str) -> bool:
    """Whether text without control characters needs no escape at all."""
    if text.isascii():
        return True
    return not (any(char in text for char in UNPRINTABLE) or _has_surrogate(text))


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _shown(char: str) -> str:
    if "\ud800" <= char <= "\udfff":
        return "\ufffd"
    return f"\\u{ord(char):04x}" if char in UNPRINTABLE else char


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return _SHORT_ESCAPES.get(char) or f"\\u{ord(char):04x}"


_SHORT_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}

_keys: dict[str, str] = {}


def _key(key: str) -> str:
    found = _keys.get(key)
    if found is None:
        found = _new_key(key)
        if len(_keys) < 8192:
            _keys[key] = found
    return found


def _new_key(key: object) -> str:
    if not isinstance(key, str) or _has_surrogate(key):
        raise errors.InvalidValue(f"{key!r:.60} cannot be a key: it is not Unicode text")
    text = word_or_quoted(key)
    if len(text) > MAX_KEY:
        raise errors.InvalidValue(f"the key {key[:40]!r}… is longer than {MAX_KEY} characters")
    return text
