"""Formats for programs: JSON, JSON lines, CSV, TSV and a template. Full width, exact numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from mlgit.cli.escape import json_safe, visible, visible_cell

Document = Mapping[str, Any]

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(value: Any) -> Any:
    """`value` as JSON can hold it; NaN and the infinities become the strings of their names."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """One JSON document, harmless to print on a terminal."""
    import json

    return json_safe(json.dumps(plain(value), indent=indent, ensure_ascii=False, allow_nan=False))


def as_json_lines(rows: Iterable[Document]) -> Iterator[str]:
    """One compact JSON document a row."""
    return (as_json(row, indent=None) for row in rows)


def as_csv(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, header: bool) -> Iterator[str]:
    """Comma-separated lines that a spreadsheet does not mistake for formulas."""
    if header:
        yield ",".join(_csv_cell(head) for head in heads)
    for row in rows:
        yield ",".join(_csv_cell(value) for value in row)


def as_tsv(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, header: bool) -> Iterator[str]:
    r"""Tab-separated lines; tabs and newlines inside a value are written `\t` and `\n`."""
    if header:
        yield "\t".join(visible(head) for head in heads)
    for row in rows:
        yield "\t".join(visible(text(value)) for value in row)


def text(value: Any) -> str:
    """One value as text: exact for numbers, empty for None, JSON for what has parts."""
    if value is None:
        return ""
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return as_json(value, indent=None)
    return repr(value) if isinstance(value, float) else str(value)


def _csv_cell(value: Any) -> str:
    """Text that a spreadsheet would run is prefixed by `'`; numbers stay as they are."""
    cell = text(value)
    if cell.startswith(_FORMULA) and not isinstance(value, (int, float)):
        cell = cell if re.fullmatch(_NUMBER, cell) else "'" + cell
    cell = visible_cell(cell)
    quoted = any(mark in cell for mark in ',"\n')
    return '"' + cell.replace('"', '""') + '"' if quoted else cell
