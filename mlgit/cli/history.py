"""Metric points as users write them: `acc=0.93@5`, a CSV or a JSON-lines file, long or wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlgit.errors import InvalidValue
from mlgit.records.metrics import Point

_FIXED = ("step", "timestamp", "time", "key", "value")
_SURPLUS = "\0"  # where the csv module puts cells beyond the header
_COLUMNS = "columns are step,timestamp,key,value or step and one column a metric"


def point_of(text: str, timestamp: int) -> Point:
    """The point that `acc=0.93` or `acc=0.93@5` writes.

    Raises:
        InvalidValue: It is no name, number and step.
    """
    key, equals, rest = text.partition("=")
    value, at, step = rest.partition("@")
    if not key or not equals:
        raise InvalidValue(f"a metric must be NAME=NUMBER or NAME=NUMBER@STEP, not {text!r}")
    return Point(whole(step, "the step") if at else 0, timestamp, key, real(value, f"metric {key}"))


def points_of_file(path: Path, timestamp: int) -> list[Point]:
    """Every point of a CSV or JSON-lines file; points without a time get `timestamp`.

    Raises:
        InvalidValue: A line cannot be read as points; the message names it.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        points: list[Point] = []
        try:
            first = file.read(1)
            file.seek(0)
            rows = _json_rows(file) if first == "{" else _csv_rows(file)
            for number, line, row in rows:
                points += _points_of_row(row, number, timestamp, f"{path}:{line}")
        except UnicodeDecodeError as error:
            raise InvalidValue(f"{path} is not UTF-8 text") from error
    return points


def _csv_rows(file: Iterable[str]) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    import csv

    reader = csv.DictReader(file, restkey=_SURPLUS)
    try:
        for number, row in enumerate(reader):
            yield number, reader.line_num, {key.strip(): row[key] for key in row}
    except csv.Error as error:
        raise InvalidValue(f"line {reader.line_num} is not CSV: {error}", _COLUMNS) from error


def _json_rows(file: Iterable[str]) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    import json

    written = ((line, text) for line, text in enumerate(file, 1) if text.strip())
    for number, (line, text) in enumerate(written):
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidValue(f"line {line} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise InvalidValue(f"line {line} is not a JSON object", _COLUMNS)
        yield number, line, row


def _points_of_row(
    row: Mapping[str, Any], number: int, timestamp: int, where: str
) -> Iterator[Point]:
    """The one point of a long row, or one a metric of a wide row; empty cells are no points."""
    if _SURPLUS in row:
        raise InvalidValue(f"{where}: more cells than columns", _COLUMNS)
    moment = row.get("timestamp") or row.get("time")
    at = whole(moment, where) if _given(moment) else timestamp
    long = "key" in row and "value" in row
    step = whole(row["step"], where) if _given(row.get("step")) else 0 if long else number
    if long:
        yield Point(step, at, str(row["key"]), real(row["value"], where))
        return
    for key, value in row.items():
        # A table written by pandas has its row numbers in a column without a name.
        if key and key not in _FIXED and _given(value):
            yield Point(step, at, key, real(value, f"{where}, column {key!r}"))


def _given(value: Any) -> bool:
    return value is not None and value != ""


def real(value: Any, where: str) -> float:
    """A number as Python and JSON write them; underscores are no digits.

    Raises:
        InvalidValue: It is none.
    """
    try:
        if isinstance(value, bool) or "_" in str(value):
            raise ValueError(value)
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidValue(
            f"{where}: {value!r} is not a number", "write 0.93, 1e-3, nan or -inf"
        ) from error


def whole(value: Any, where: str) -> int:
    """A whole number, also written `3.0`.

    Raises:
        InvalidValue: It is none.
    """
    number = real(value, where)
    if number != number // 1:
        raise InvalidValue(f"{where}: {value!r} is not a whole number")
    return int(value) if isinstance(value, str) and value.lstrip("+-").isdigit() else int(number)
