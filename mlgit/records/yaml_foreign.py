"""Reading YAML that mlgit did not write: libyaml's events, a small dialect, and where a mistake is.

Built on events, not nodes: nothing is expanded or nested deeper than allowed before it is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf, nan
from typing import Any, NoReturn

import yaml

from mlgit import errors
from mlgit.records.yaml_write import MAX_DEPTH

MAX_BYTES = 1024 * 1024  # beyond it a text must be of the profile: reading this way takes 1 s
Path = tuple["str | int", ...]

#: Only what YAML 1.1 and 1.2 read as the same number is a number; all else is text.
_integer = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})").fullmatch
_real = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?").fullmatch
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
    **dict.fromkeys(["null", "Null", "NULL", "~", ""], None),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], nan),
    **{f"{sign}.{word}": inf for sign in ("", "+") for word in ("inf", "Inf", "INF")},
    **{f"-.{word}": -inf for word in ("inf", "Inf", "INF")},
}


def load(data: bytes) -> dict[str, Any]:
    """The mapping that `data` spells; see `mlgit.records.text.load`."""
    return _Reader(data).document()


def lines(data: bytes) -> dict[Path, int]:
    """The line (from 1) of every key and list item, by its path from the top.

    Raises:
        errors.Damaged: `data` cannot be read.
    """
    reader = _Reader(data)
    reader.document()
    return reader.lines


class _Reader:
    """One pass over the events of one text."""

    def __init__(self, data: bytes) -> None:
        self.lines: dict[Path, int] = {}
        self._mark: Any = None
        if len(data) > MAX_BYTES:
            raise _damaged(f"{len(data)} bytes that mlgit did not write", None, None)
        self._text = self._decode(data)
        self._events = self._parse()

    def document(self) -> dict[str, Any]:
        value: Any = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if event.version or event.tags:
                    self._refuse("a % directive")
                value = self._value(next(self._events), ())
                next(self._events)
                break
        if not isinstance(value, dict):
            self._refuse("the file is not a mapping of keys to values")
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._refuse("a second document")
        return value

    def _decode(self, data: bytes) -> str:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise _damaged("the text is not UTF-8", line, None) from None

    def _parse(self) -> Iterator[Any]:
        parser = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            for event in yaml.parse(self._text, parser):
                self._mark = event.start_mark
                yield event
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._mark = mark or self._mark
            self._refuse(str(error.problem or error.context))
        except yaml.reader.ReaderError as error:
            line = self._text.count("\n", 0, error.position) + 1
            raise _damaged(f"the character #x{error.character:04x}", line, None) from None

    def _value(self, event: Any, path: Path) -> Any:
        if isinstance(event, yaml.AliasEvent):
            self._refuse("an alias (*)")
        if event.anchor is not None:
            self._refuse("an anchor (&)")
        if event.tag is not None:
            self._refuse("a tag (!)")
        if isinstance(event, yaml.ScalarEvent):
            return _resolve(event.value) if event.implicit[0] else event.value
        if len(path) >= MAX_DEPTH:
            self._refuse(f"nesting deeper than {MAX_DEPTH}")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._mapping(path)

    def _list(self, path: Path) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            here = (*path, len(items))
            self.lines[here] = event.start_mark.line + 1
            items.append(self._value(event, here))
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path)
            if key in found:
                self._refuse(f"the key {key!r:.80} twice")
            here = (*path, key)
            self.lines[here] = event.start_mark.line + 1
            found[key] = self._value(next(self._events), here)
        return found

    def _key(self, event: Any, path: Path) -> str:
        # Not left to `_value`: keys that are mappings could nest without end.
        key = self._value(event, path) if isinstance(event, yaml.ScalarEvent) else None
        if not isinstance(key, str):
            self._refuse("a key that is not text (quote it)")
        if key == "<<" and event.implicit[0]:
            self._refuse("a merge key (<<)")
        return key

    def _refuse(self, reason: str) -> NoReturn:
        mark = self._mark
        raise _damaged(
            reason, mark.line + 1 if mark else None, mark.column + 1 if mark else None
        ) from None


def _damaged(reason: str, line: int | None, column: int | None) -> errors.Damaged:
    where = "" if line is None else f"line {line}: "
    return errors.Damaged(
        f"{where}YAML that mlgit does not read: {reason}", line=line, column=column, reason=reason
    )


def _resolve(text: str) -> Any:
    """The value of a plain scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _integer(text):
        return int(text)
    if _real(text):
        value = float(text)
        return text if value in (inf, -inf) else value
    return text
