r"""`--format '{name}\t{metrics.acc:.3f}'`: fields of a document, and nothing but fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from mlgit.cli.escape import visible
from mlgit.cli.machine import Document, text
from mlgit.errors import InvalidValue

_PART = r"\{\{|\}\}|\{([^{}]*)\}|[{}]"
_SPEC = r"([<>^]?\d{1,3})?(,?(?:\.\d{1,2})?[efg%])?s?"
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\0": "\0", "\\\\": "\\"}
_MISSING = object()
_HINT = "write {name}, {metrics.acc} or {metrics.acc:.3f}; a brace itself is {{ or }}"


def render(template: str, documents: Iterable[Document]) -> Iterator[str]:
    """`template` filled in for each document; a field it does not have is empty.

    Raises:
        InvalidValue: A brace is alone, or a format after the colon is not understood.
    """
    spelled = re.sub(r"\\[tn0\\]", lambda match: _ESCAPES[match.group()], template)
    for document in documents:
        yield re.sub(_PART, partial(_filled, document), spelled)


def look_up(document: Document, field: str) -> Any:
    """The value at `metrics.acc` or `name`; keys may hold dots themselves. None when missing."""
    found = _find(document, field)
    return None if found is _MISSING else found


def _find(document: Any, field: str) -> Any:
    if isinstance(document, Mapping):
        if field in document:
            return document[field]
        head, dot, rest = field.partition(".")
        if dot and head in document:
            return _find(document[head], rest)
    return _MISSING


def _filled(document: Document, match: re.Match[str]) -> str:
    whole = match.group()
    if whole in ("{{", "}}"):
        return whole[0]
    field = match.group(1)
    if field is None:
        raise InvalidValue(f"the format has a lone {whole!r}", hint=_HINT)
    value = _find(document, field)
    if value is not _MISSING:  # a metric's own name may hold a colon
        return visible(text(value))
    field, _, spec = field.rpartition(":") if ":" in field else (field, "", "")
    return visible(_formatted(look_up(document, field), spec))


def _formatted(value: Any, spec: str) -> str:
    known = re.fullmatch(_SPEC, spec)
    if not known:
        raise InvalidValue(f"the format {spec!r} after the colon is not understood", hint=_HINT)
    align, decimals = known.groups(default="")
    if decimals and isinstance(value, (int, float)) and not isinstance(value, bool):
        return format(float(value), align + decimals)
    return format(text(value), align)
