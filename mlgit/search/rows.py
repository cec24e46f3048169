"""A record → the rows of the index that stand for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mlgit.records.experiment import NOTE_TAG
from mlgit.records.system_tags import field_tags
from mlgit.search import document
from mlgit.search.expression import Kind
from mlgit.search.fields import RUNS
from mlgit.search.literals import number
from mlgit.search.match import CONTEXT_TAG
from mlgit.search.schema import COLUMNS, KINDS

if TYPE_CHECKING:
    from mlgit.records.inputs import DatasetInput, Inputs
    from mlgit.records.run import Run

Column = str | int | float | None
Cells = list[Column]
"""The cells of some rows of a table, one row behind the other."""


class Rows(NamedTuple):
    """What stands for some runs in each table; of plain values only, to be sent elsewhere.

    Attributes:
        ids: The runs' ids.
        runs, documents, datasets: Cells of the tables of these names.
        values: Kind and key → cells of `vals`; the key's number is still to be filled in.
        unread: Folders that must be looked at more closely: nothing else here is of them.
    """

    ids: list[str]
    runs: Cells
    documents: Cells
    datasets: Cells
    values: dict[tuple[int, str], Cells]
    unread: list[str]


def no_rows() -> Rows:
    """Rows of no run."""
    return Rows([], [], [], [], defaultdict(list), [])


def add_run(into: Rows, rid: int, folder: str, run: Run, inputs: Inputs | None = None) -> None:
    """Put what stands for run `rid` behind what is there; `inputs` is None where it has none."""
    tags = reserved(run)
    into.ids.append(run.id)
    into.runs.extend((rid, run.lifecycle, *fixed(run, tags)))
    into.documents.extend((rid, folder, tags.get(NOTE_TAG), document.dump(run)))
    into.documents.append(inputs is not None)
    for one in inputs.datasets if inputs else ():
        into.datasets.extend(dataset(rid, one))
    add_values(rid, run, into.values)


def reserved(run: Run) -> Mapping[str, str]:
    """The reserved tags of a run, as `Run.all_tags` shows them."""
    return {**field_tags(run), **run.tags} if run.tags else field_tags(run)


def fixed(run: Run, tags: Mapping[str, str]) -> list[Column]:
    """The values of `schema.COLUMNS` for a run whose reserved tags are `tags`."""
    found: dict[str, Column] = {
        "run_id": run.id,
        "status": run.status.value,
        "start_time": run.start,
        "end_time": run.end,
        "experiment_id": run.experiment_id,
        "host": run.host or None,
    }
    for tag, name in RUNS.system_tags.items():
        found[name] = tags.get(tag)
    return [found[name] for name in COLUMNS]


def add_values(rid: int, run: Run, into: dict[tuple[int, str], Cells]) -> None:
    """Put every metric, parameter and tag of run `rid` under its kind and key.

    Reserved tags have columns instead. A NaN has neither number nor text; text that writes a
    number has both.
    """
    for key, one in run.metrics.items():
        last = one.last
        into[_METRIC, key] += (None, rid, None if last != last else last, None)
    for key, text in run.params.items():
        into[_PARAM, key] += (None, rid, _number(text), text)
    for key, text in run.tags.items():
        if key not in RUNS.system_tags:
            into[_TAG, key] += (None, rid, _number(text), text)


_METRIC, _PARAM, _TAG = (KINDS[kind] for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG))
_number = lru_cache(maxsize=16384)(number)  # parameters repeat


def dataset(rid: int, one: DatasetInput) -> tuple[Column, ...]:
    """The row of one dataset of run `rid`; what it lacks is NULL."""
    return rid, one.name or None, one.digest or None, one.tags.get(CONTEXT_TAG) or None
