"""Columns of runs: read from the index in bulk, or made from records that are at hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from mlgit.search.columns import Cells, Column, Columns, numbers, texts
from mlgit.search.expression import Kind
from mlgit.search.fields import RUNS
from mlgit.search.schema import KINDS

if TYPE_CHECKING:
    from mlgit.records.run import Run
    from mlgit.search.columns import Array

FIXED = ("run_id", "experiment_id", "status")
TIMES = ("start_time", "end_time")


def columns_of(runs: Sequence[Run]) -> Columns:
    """The columns of runs that are at hand; their rows are numbered from 0."""
    import numpy as np

    rids = np.arange(len(runs))
    found = {name: Cells([], []) for name in (*FIXED, *TIMES)}
    for rid, run in enumerate(runs):
        for name, value in _values(run):
            cells = found.setdefault(name, Cells([], []))
            cells.rids.append(rid)
            cells.values.append(value)
    return Columns(rids, {name: _column(name, cells, rids) for name, cells in found.items()})


def _column(name: str, found: Cells, rids: Array) -> Column:
    numeric = name in TIMES or name.startswith(f"{Kind.METRIC.value}.")
    return numbers(found, rids) if numeric else texts(found, rids)


def _values(run: Run) -> Iterator[tuple[str, Any]]:
    yield from (("run_id", run.id), ("experiment_id", run.experiment_id))
    yield from (("status", run.status.value), ("start_time", run.start))
    if run.end is not None:
        yield "end_time", run.end
    for key, summary in run.metrics.items():
        yield f"metrics.{key}", summary.last
    for kind, named in (("params", run.params), ("tags", run.all_tags())):
        for key, text in named.items():
            yield f"{kind}.{key}", text


def read_columns(rows: sqlite3.Connection) -> Columns:
    """The columns of every run in the index."""
    import numpy as np

    rids = np.array([rid for (rid,) in rows.execute("SELECT rid FROM runs ORDER BY rid")], np.int64)
    return Columns(rids, dict(_columns(rows, rids)))


def _columns(rows: sqlite3.Connection, rids: Array) -> Iterator[tuple[str, Column]]:
    for name in FIXED:
        yield name, texts(_of_runs(rows, name), rids)
    for name in TIMES:
        yield name, numbers(_of_runs(rows, name), rids)
    names = sorted(rows.execute("SELECT kind, key, kid FROM keys"))
    for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG):
        for number, key, kid in names:
            if number == KINDS[kind]:
                found = _of_key(rows, kid, kind)
                column = numbers(found, rids) if kind is Kind.METRIC else texts(found, rids)
                yield f"{kind.value}.{key}", column
    for tag, name in sorted(RUNS.system_tags.items()):
        yield f"tags.{tag}", texts(_of_runs(rows, name), rids)


def _of_runs(rows: sqlite3.Connection, name: str) -> Cells:
    table = "documents" if name == "note" else "runs"
    sql = f'SELECT rid, "{name}" FROM {table} WHERE "{name}" IS NOT NULL ORDER BY rid'
    return _cells(rows.execute(sql))


def _of_key(rows: sqlite3.Connection, kid: int, kind: Kind) -> Cells:
    column = "number" if kind is Kind.METRIC else "text"
    sql = f"SELECT rid, {column} FROM vals WHERE kid = ? ORDER BY rid"
    return _cells(rows.execute(sql, (kid,)))


def _cells(found: Iterable[tuple[int, Any]]) -> Cells:
    # Flat at once: a tuple a row, if kept, sets the garbage collector to work again and again.
    flat = list(chain.from_iterable(found))
    return Cells(flat[::2], flat[1::2])
