"""Metric points and their CSV segments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import repeat
from math import nan
from operator import itemgetter
from typing import NamedTuple

from mlgit import errors
from mlgit.records.garbage import uncollected
from mlgit.records.run import MetricSummary
from mlgit.records.yaml_write import MAX_INTEGER

HEADER = "step,timestamp,key,value"
WIDE_HEADER = f"{HEADER},model_id,dataset_name,dataset_digest"


class Point(NamedTuple):
    """One logged value; `timestamp` is milliseconds UTC, `step` may be negative."""

    step: int
    timestamp: int
    key: str
    value: float
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


def encode_points(points: Sequence[Point]) -> bytes:
    """A CSV segment of `points`, in their order; the last three columns only where used."""
    cells = _Cells()
    if not any(point[4] or point[5] or point[6] for point in points):
        rows = [f"{p[0]},{p[1]},{cells[p[2]]},{float(p[3])!r}\n" for p in points]
        return f"{HEADER}\n{''.join(rows)}".encode()
    rows = [
        f"{p[0]},{p[1]},{cells[p[2]]},{float(p[3])!r},{cells[p[4]]},{cells[p[5]]},{cells[p[6]]}\n"
        for p in points
    ]
    return f"{WIDE_HEADER}\n{''.join(rows)}".encode()


class _Cells(dict[str, str]):
    """Text -> its CSV cell, quoted as RFC 4180 says where it must be."""

    def __missing__(self, text: str) -> str:
        quoted = re.search(r'[",\r\n]', text) is not None
        cell = '"' + text.replace('"', '""') + '"' if quoted else text
        self[text] = cell
        return cell


def decode_points(data: bytes) -> list[Point]:
    """The points of a CSV segment, in their order; a torn last line is left out.

    Raises:
        errors.Damaged: A row is not a point; fact `line`, from 1.
    """
    try:
        text = data[: data.rfind(b"\n") + 1].decode()
    except UnicodeDecodeError as error:
        raise damaged(data.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
    header, _, body = text.partition("\n")
    if header == HEADER and '"' not in body:
        points = _decode_plain(body)
        if points is not None:
            return points
    from mlgit.records import metrics_slow

    return metrics_slow.decode(header, body)


def points_of(data: bytes, key: str) -> list[Point]:
    """The points of one metric in a CSV segment; rows that cannot be its own are not decoded.

    Raises:
        errors.Damaged: A row is not a point; fact `line` counts the rows that were decoded.
    """
    needle = f",{key},".encode()
    if b'"' not in data:
        header, _, body = data[: data.rfind(b"\n") + 1].partition(b"\n")
        rows = [row for row in body.split(b"\n") if needle in row]
        data = b"\n".join([header, *rows, b""])
    return [point for point in decode_points(data) if point.key == key]


def damaged(line: int, reason: str) -> errors.Damaged:
    """A row that is not a point."""
    return errors.Damaged(f"line {line} of a metrics file: {reason}", line=line, reason=reason)


_whole_numbers = re.compile(r"[-0-9,]*").fullmatch
_real_numbers = re.compile(r"[-+0-9.einfa,]*").fullmatch
_row = partial(tuple.__new__, Point)


def _decode_plain(body: str) -> list[Point] | None:
    """Column by column, at the speed of C; None where a row is wrong or quoted."""
    cells = body.replace("\n", ",\n,").split(",")
    if len(cells) % 5 != 1 or cells[4::5].count("\n") != len(cells) // 5:
        return None
    steps, stamps, keys, values = cells[0:-1:5], cells[1::5], cells[2::5], cells[3::5]
    whole = _whole_numbers(",".join(steps)) and _whole_numbers(",".join(stamps))
    if "" in keys or not whole or not _real(values):
        return None
    try:
        return _points(list(map(int, steps)), list(map(int, stamps)), keys, map(float, values))
    except ValueError:
        return None


def _real(cells: list[str]) -> bool:
    text = ",".join(cells)
    if not _real_numbers(text):
        return False
    return "n" not in text or {cell for cell in cells if "n" in cell} <= {"nan", "inf", "-inf"}


def _points(
    steps: list[int], stamps: list[int], keys: Iterable[str], values: Iterable[float]
) -> list[Point] | None:
    outermost = [*map(min, (steps, stamps)), *map(max, (steps, stamps))] if steps else [0]
    if max(map(abs, outermost)) > MAX_INTEGER:
        return None
    none = repeat("")
    shared: dict[str, str] = {}  # one string a key, not one a row
    named = map(shared.setdefault, keys, keys)
    with uncollected():
        return list(map(_row, zip(steps, stamps, named, values, none, none, none, strict=False)))


def merge_segments(segments: Iterable[Iterable[Point]]) -> list[Point]:
    """All points of a run's segments once, by step, timestamp, then order of appearance."""
    found: dict[Point, None] = {}
    for segment in segments:
        found.update(dict.fromkeys(map(_one_nan, segment)))
    return sorted(found, key=itemgetter(0, 1))


def _one_nan(point: Point) -> Point:
    """NaN is unequal to itself; one object for all of them is found by identity."""
    return point._replace(value=nan) if point[3] != point[3] else point


def summarize(points: Iterable[Point]) -> dict[str, MetricSummary]:
    """What `run.yaml` says of every key of `points`, in order of first appearance."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        key = point[2]
        if key in groups:
            groups[key].append(point)
        else:
            groups[key] = [point]
    return {key: _summary(group) for key, group in groups.items()}


def _summary(group: list[Point]) -> MetricSummary:
    values = [point[3] for point in group]
    if any(value != value for value in values):
        group = [_one_nan(point) for point in group]
        latest = max(group, key=_rank)
        values = [value for value in values if value == value] or [nan]
    else:
        latest = max(group)
    # Adding 0.0 makes -0.0 the 0.0 it is equal to: which of them comes first must not matter.
    last, least, most = latest[3] + 0.0, min(values) + 0.0, max(values) + 0.0
    return MetricSummary(last, latest[0], latest[1], least, most, len(set(group)))


def _rank(point: Point) -> tuple[int, int, float, bool]:
    """MLflow's order for the latest value: a NaN counts as 0, and yields to a real 0."""
    real = point[3] == point[3]
    return (point[0], point[1], point[3] if real else 0.0, real)
