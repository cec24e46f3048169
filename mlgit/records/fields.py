"""The small conversions that every record shares: text values, times, edits, unknown keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from mlgit import errors, times

FORMAT = 1  # of the branch, as this version writes it

Doc = dict[str, Any]
#: The default of a mapping: one for all, so nobody can write to it.
NOTHING: Mapping[str, Any] = MappingProxyType({})
#: What a document that lacks a key or holds a wrong type raises while it is turned into a record.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


class Edit(NamedTuple):
    """When and by which clone a field was last changed after publication.

    `at` is milliseconds of a hybrid clock: never behind an edit that its writer had seen.
    """

    at: int
    by: str
    deleted: bool = False


def next_edit(edits: Mapping[str, Edit], writer: str) -> Edit:
    """The mark of an edit made now: higher than all marks of the record, whosever clock."""
    seen = max((edit.at for edit in edits.values()), default=0)
    return Edit(min(max(times.now_ms(), seen + 1), times.MAX_TIME_MS), writer)


def require_writable(found: int) -> None:
    """Refuse to rewrite a file of a newer format than this version knows.

    Raises:
        errors.Unsupported: `found` is higher than `FORMAT`.
    """
    if found > FORMAT:
        raise errors.Unsupported(
            f"the store has format {found}; this mlgit writes format {FORMAT} and only reads newer",
            "pip install --upgrade mlgit",
            format=found,
        )


def format_of(doc: Doc) -> int:
    """The format a document says it has; 1 when it says nothing.

    Raises:
        TypeError: `format` is not a whole number.
    """
    found = doc.get("format", FORMAT)
    if type(found) is not int or found < 1:
        raise TypeError("format is not a whole number from 1")
    return found


_number = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(\.[0-9]+)?(e[-+][0-9]+)?").fullmatch


def text_to_value(text: str) -> str | int | float:
    """`text` as the value that is written for it: a number where `str(number)` is that text."""
    match = _number(text)
    if not match:
        return text
    value = float(text) if match[1] or match[2] else int(text)
    return value if str(value) == text else text


def value_to_text(value: Any) -> str:
    """The text that a scalar of a document stands for: `str(value)`.

    Raises:
        TypeError: `value` is a mapping, a list or nothing.
    """
    if type(value) is str:
        return value
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError(f"text expected, not {value!r:.60}")


def name_of(value: Any) -> str:
    """Text that is not empty.

    Raises:
        TypeError: `value` is something else.
    """
    text = value_to_text(value)
    if not text:
        raise TypeError("text that is not empty expected")
    return text


def texts_to_doc(values: Mapping[str, str]) -> Doc:
    """A mapping of user keys to text, in the order of its keys."""
    return {key: text_to_value(values[key]) for key in sorted(values)}


def doc_to_texts(section: Any, extra: Doc, name: str) -> dict[str, str]:
    """The reverse of `texts_to_doc`.

    A value that a merge left in conflict (`{base: …, sides: [...]}`) reads as its base, or as its
    first side where there is no base; the conflict itself is kept in `extra[name]`.
    """
    found: dict[str, str] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            found[key] = value_to_text(served(value))
            extra.setdefault(name, {})[key] = value
        else:
            found[key] = value if type(value) is str else value_to_text(value)
    return found


def served(conflict: Doc) -> Any:
    """The value that readers use while `{base: …, sides: [...]}` waits for a person.

    Raises:
        KeyError, ValueError: Not such a mapping, or fewer than two sides.
    """
    first, _, *_ = conflict["sides"]
    return first if conflict.get("base") is None else conflict["base"]


def optional_text(doc: Doc, key: str) -> str:
    """The text under `key`, or ""."""
    value = doc.get(key, "")
    return value if type(value) is str else value_to_text(value)


@lru_cache(maxsize=4096)
def _day(text: str) -> int:
    return times.from_iso(f"{text}T00:00:00.000Z")


_clock = re.compile(
    r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])\.([0-9]{3})Z", re.ASCII
).fullmatch


def time_of(value: Any) -> int:
    """Milliseconds of a time such as `2026-11-23T08:14:51.123Z`.

    Raises:
        ValueError: Not of that form.
        TypeError: Not text.
    """
    match = _clock(value, 11)
    if match is None or value[10] != "T":
        raise ValueError(f"not a time of the form 2026-11-23T08:14:51.123Z: {value!r:.60}")
    hours, minutes, seconds, millis = match.groups()
    clock = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return _day(value[:10]) + clock * 1000 + int(millis)


def optional_time(doc: Doc, key: str) -> int | None:
    """The time under `key`, or None."""
    return time_of(doc[key]) if key in doc else None


def edits_to_doc(edits: Mapping[str, Edit]) -> Doc:
    """`{field path: {at, by[, deleted]}}`, in the order of the paths."""
    found: Doc = {}
    for path in sorted(edits):
        edit = edits[path]
        found[path] = {"at": times.iso(edit.at), "by": edit.by}
        if edit.deleted:
            found[path]["deleted"] = True
    return found


def doc_to_edits(section: Any) -> dict[str, Edit]:
    """The reverse of `edits_to_doc`."""
    return {
        path: Edit(time_of(edit["at"]), name_of(edit["by"]), flag_of(edit.get("deleted", False)))
        for path, edit in section.items()
    }


def lifecycle_of(doc: Doc) -> str:
    """`active` or `deleted`, as the document says.

    Raises:
        ValueError: It says something else.
    """
    value = doc.get("lifecycle", "active")
    if value not in ("active", "deleted"):
        raise ValueError("lifecycle is active or deleted")
    return str(value)


def flag_of(value: Any) -> bool:
    """`value`, which must be true or false.

    Raises:
        TypeError: It is not.
    """
    if type(value) is not bool:
        raise TypeError(f"true or false expected, not {value!r:.60}")
    return value


def real_of(value: Any) -> float:
    """A number as a float.

    Raises:
        TypeError: `value` is not a number.
    """
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    raise TypeError(f"number expected, not {value!r:.60}")


def whole_of(value: Any) -> int:
    """A whole number.

    Raises:
        TypeError: `value` is not one.
    """
    if type(value) is not int:
        raise TypeError(f"whole number expected, not {value!r:.60}")
    return value


def count_of(value: Any) -> int:
    """A whole number from 0.

    Raises:
        TypeError: `value` is not one.
    """
    if whole_of(value) < 0:
        raise TypeError(f"a number below zero: {value}")
    return int(value)


def unknown(doc: Doc, known: frozenset[str]) -> Doc:
    """The keys of `doc` that this version does not know, in their order."""
    if doc.keys() <= known:
        return {}
    return {key: value for key, value in doc.items() if key not in known}


def with_unknown(doc: Doc, extra: Mapping[str, Any]) -> Doc:
    """`doc` with the unknown keys put back, also inside its sections."""
    for key, value in extra.items():
        mine = doc.get(key)
        if isinstance(mine, dict) and isinstance(value, Mapping):
            with_unknown(mine, value)
        else:
            doc[key] = value
    return doc
