"""As `segments`, for many points: column by column, with numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlgit.records.metrics import HEADER, Point, encode_points
from mlgit.records.run import MetricSummary
from mlgit.runs import rows_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlgit.runs.journal_records import Series
    from mlgit.runs.segments import Segment

#: The rows of a segment, as `frames.ROW` packs them.
ROWS = np.dtype([("series", "<u4"), ("step", "<i8"), ("time", "<i8"), ("value", "<f8")])


def encode(segment: Segment) -> bytes | None:
    """The CSV file of a segment; None where it needs the columns for models and datasets."""
    rows, series = _known(segment)
    used = {number: series[number] for number in np.unique(rows["series"]).tolist()}
    if any(any(names[1:]) for names in used.values()):
        return None
    cells = {number: _cell(names[0]) for number, names in used.items()}
    if any(b"\0" in cell for cell in cells.values()):
        return None
    return f"{HEADER}\n".encode() + rows_text.text_of(rows, cells)


def _cell(key: str) -> bytes:
    """A metric key as the codec spells it between the commas of a row."""
    return encode_points([Point(0, 0, key, 0.0)]).partition(b"\n")[2][4:-5]


def _known(segment: Segment) -> tuple[NDArray[np.void], dict[int, Series]]:
    """The rows whose series is defined."""
    rows = np.frombuffer(segment.rows, ROWS)
    series = dict(segment.series)
    if len(rows) and not set(np.unique(rows["series"]).tolist()) <= series.keys():
        rows = rows[np.isin(rows["series"], list(series))]
    return rows, series


class _Table(NamedTuple):
    """Points by column; `series` numbers distinct series, `key` distinct metric keys."""

    series: NDArray[np.int64]
    key: NDArray[np.int64]
    step: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]

    def ordered(self, order: NDArray[np.int64]) -> _Table:
        series, key, step, time, value = self
        return _Table(series[order], key[order], step[order], time[order], value[order])


class _Numbering(dict[object, int]):
    def __missing__(self, thing: object) -> int:
        self[thing] = len(self)
        return self[thing]


def summary(segments: Sequence[Segment], others: Sequence[Point]) -> dict[str, MetricSummary]:
    """See `segments.summary`."""
    keys = _Numbering()
    table = _table(segments, others, keys)
    if not len(table.step):
        return {}
    distinct = _distinct(table)
    order = np.lexsort((*_rank(distinct.value)[::-1], distinct.time, distinct.step, distinct.key))
    distinct = distinct.ordered(order)
    starts = np.flatnonzero(np.diff(distinct.key, prepend=-1))
    ends = np.append(starts[1:], len(distinct.key))
    columns = (
        distinct.value[ends - 1],
        distinct.step[ends - 1],
        distinct.time[ends - 1],
        np.fmin.reduceat(distinct.value, starts),
        np.fmax.reduceat(distinct.value, starts),
        ends - starts,
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    numbers = distinct.key[starts].tolist()
    found = {number: MetricSummary(*row) for number, row in zip(numbers, rows, strict=True)}
    return {str(key): found[number] for key, number in keys.items() if number in found}


def _rank(value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """MLflow's order of values for the latest: a NaN counts as 0, and yields to a real 0."""
    real = ~np.isnan(value)
    return np.where(real, value, 0.0), real


def _table(segments: Sequence[Segment], others: Sequence[Point], keys: _Numbering) -> _Table:
    numbers = _Numbering()
    parts = [_part(segment, numbers, keys) for segment in segments]
    if others:
        names = [(point.key, *point[4:7]) for point in others]
        parts.append(
            _Table(
                np.array([numbers[name] for name in names], np.int64),
                np.array([keys[name[0]] for name in names], np.int64),
                np.array([point.step for point in others], np.int64),
                np.array([point.timestamp for point in others], np.int64),
                np.array([point.value for point in others], np.float64),
            )
        )
    return _Table(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.step for part in parts]),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.value for part in parts]),
    )


def _part(segment: Segment, numbers: _Numbering, keys: _Numbering) -> _Table:
    rows, series = _known(segment)
    size = max(series, default=-1) + 1
    to_number, to_key = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for local, names in series.items():
        to_number[local], to_key[local] = numbers[names], keys[names[0]]
    return _Table(
        to_number[rows["series"]],
        to_key[rows["series"]],
        rows["step"].astype(np.int64),
        rows["time"].astype(np.int64),
        rows["value"].astype(np.float64),
    )


def _distinct(table: _Table) -> _Table:
    """Each point once; two NaN are one, and so are 0.0 and -0.0."""
    order = np.lexsort((table.time, table.step, table.series))
    sorted_table = table.ordered(order)
    same = (
        (np.diff(sorted_table.series) == 0)
        & (np.diff(sorted_table.step) == 0)
        & (np.diff(sorted_table.time) == 0)
    )
    if not same.any():  # mostly: no step was logged twice
        return table
    bits = (np.where(np.isnan(table.value), np.nan, table.value) + 0.0).view(np.int64)
    order = np.lexsort((bits, table.time, table.step, table.series))
    sorted_table, bits = table.ordered(order), bits[order]
    new = np.ones(len(bits), np.bool_)
    new[1:] = (np.diff(bits) != 0) | ~(
        (np.diff(sorted_table.series) == 0)
        & (np.diff(sorted_table.step) == 0)
        & (np.diff(sorted_table.time) == 0)
    )
    return sorted_table.ordered(np.flatnonzero(new))
