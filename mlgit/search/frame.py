"""Runs as a pandas data frame, also all of them, also when there are a hundred thousand."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.search.column_file import read_file, write_columns
from mlgit.search.column_source import FIXED, TIMES, columns_of, read_columns
from mlgit.search.columns import Columns, Texts
from mlgit.search.lookup import Asked, asked, find, state_token, subjects_at
from mlgit.search.order import ordered
from mlgit.search.plan import Planner
from mlgit.search.question import EVERY_RUN, Question
from mlgit.search.sql import TooComplex

if TYPE_CHECKING:
    import pandas as pd

    from mlgit.records.run import Run
    from mlgit.search.index import Index
    from mlgit.search.match import Subject

_FEW = 2000  # runs that are sooner read one by one


def runs_frame(
    index: Index,
    question: Question = EVERY_RUN,
    *,
    limit: int | None = None,
    offset: int = 0,
    live: Sequence[Run | Subject] = (),
) -> pd.DataFrame:
    """The runs asked for, a row each, with MLflow's columns.

    `run_id`, `experiment_id`, `status`, `artifact_uri`, `start_time` and `end_time`
    (datetime64[ms, UTC]); then `metrics.*` (float64, NaN where missing), `params.*` and `tags.*`
    (text, None where missing), each sorted by key and only where one of the runs has it.
    Arguments as for `Index.find`.
    """
    path = index.path.with_suffix(".columns")

    def columns(rows: sqlite3.Connection) -> Columns:
        ask = asked(rows, question, live)
        end = None if limit is None else offset + limit
        try:
            rids = Planner(rows, ask.hidden).rids(question, end, 0)
        except TooComplex:
            rids = []
        if len(rids) - offset > _FEW:
            return _of_many(rows, ask, rids, path, slice(offset, end))
        return columns_of([one.run for one in find(rows, question, limit, offset, live)])

    return _frame(index.ask(columns))


def _of_many(
    rows: sqlite3.Connection, ask: Asked, rids: list[int], path: Path, page: slice
) -> Columns:
    token = state_token(rows)
    known = read_file(path, token)
    if known is None:
        known = read_columns(rows)
        write_columns(path, token, known)
    found = known.taken(rids)
    if not ask.there:
        return found.at(range(len(rids))[page])
    places = list(range(len(rids)))
    for number, one in reversed(list(enumerate(ask.there, len(rids)))):
        places.insert(_place(rows, ask, rids, one), number)
    return found.with_more(columns_of([one.run for one in ask.there])).at(places[page])


def _place(rows: sqlite3.Connection, ask: Asked, rids: list[int], live: Subject) -> int:
    """How many of the rows stand before a live run."""

    def comes_after(rid: int) -> bool:
        (row,) = subjects_at(rows, [rid], ask.experiments)
        return ordered([live, row], ask.question.order)[0] is live

    return bisect_left(rids, True, key=comes_after)


def _frame(found: Columns) -> pd.DataFrame:
    import pandas as pd

    columns = {name: _series(name, found) for name in _headings(found)}
    shown = {name: one for name, one in columns.items() if one is not None}
    frame: pd.DataFrame = pd.DataFrame(shown, copy=False)
    return frame


def _headings(found: Columns) -> list[str]:
    """MLflow's order: the head, then metrics, parameters and tags, each sorted by key."""
    kinds = ("metrics.", "params.", "tags.")
    keyed = [sorted(name for name in found.columns if name.startswith(kind)) for kind in kinds]
    return [*FIXED, "artifact_uri", *TIMES, *keyed[0], *keyed[1], *keyed[2]]


def _series(name: str, found: Columns) -> pd.Series[Any] | None:
    """One column of the frame; None where no run has a value for it."""
    import numpy as np
    import pandas as pd

    if name == "artifact_uri":
        ids = found.columns["run_id"]
        assert isinstance(ids, Texts)
        return _text_series(ids.codes, [f"runs:/{one}" for one in ids.names])
    column = found.columns[name]
    if isinstance(column, Texts):
        if "." in name and not np.any(column.codes >= 0):
            return None
        return _text_series(column.codes, column.names)
    if "." not in name:
        moments = np.where(column.present, column.values, 0).astype("datetime64[ms]")
        moments[~column.present] = np.datetime64("NaT")
        times: pd.Series[Any] = pd.Series(moments).dt.tz_localize("UTC")
        return times
    return pd.Series(column.values) if np.any(column.present) else None


def _text_series(codes: Any, names: Sequence[str]) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    texts = np.array([*names, None], dtype=object)  # -1 is the last
    series: pd.Series[Any] = pd.Series(texts[codes], dtype=object)
    return series
