"""A record → the rows of the index that stand for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan
from typing import NamedTuple

from mlgit.records.inputs import DatasetInput
from mlgit.records.run import Run
from mlgit.records.system_tags import field_tags
from mlgit.search.expression import Kind
from mlgit.search.fields import RUNS
from mlgit.search.literals import number
from mlgit.search.match import CONTEXT_TAG
from mlgit.search.schema import COLUMNS, KINDS

Column = str | int | float | None


class Value(NamedTuple):
    """One metric, parameter or tag of a run, by its key.

    `number` is the metric (None for NaN), or the text read as a number where it is one.
    """

    kind: int
    key: str
    number: int | float | None
    text: str | None


def fixed(run: Run) -> list[Column]:
    """The values of `schema.COLUMNS` for a run."""
    values: dict[str, Column] = {
        "run_id": run.id,
        "status": run.status.value,
        "start_time": run.start,
        "end_time": run.end,
        "experiment_id": run.experiment_id,
        "host": run.host or None,
    }
    tags = _reserved(run)
    for tag, name in RUNS.system_tags.items():
        values[name] = tags.get(tag)
    return [values[name] for name in COLUMNS]


def note(run: Run) -> str | None:
    """The note of a run, which has a place beside its line."""
    return _reserved(run).get("mlflow.note.content")


def _reserved(run: Run) -> Mapping[str, str]:
    return {**field_tags(run), **run.tags} if run.tags else field_tags(run)


def values(run: Run) -> Iterator[Value]:
    """Every metric, parameter and tag; reserved tags have columns instead."""
    metric, param, tag = KINDS[Kind.METRIC], KINDS[Kind.PARAM], KINDS[Kind.TAG]
    for key, summary in run.metrics.items():
        yield Value(metric, key, None if isnan(summary.last) else summary.last, None)
    for key, text in run.params.items():
        yield Value(param, key, number(text), text)
    for key, text in run.tags.items():
        if key not in RUNS.system_tags:
            yield Value(tag, key, number(text), text)


def dataset(rid: int, one: DatasetInput) -> tuple[Column, ...]:
    """The row of one dataset of run `rid`; what it lacks is NULL."""
    return rid, one.name or None, one.digest or None, one.tags.get(CONTEXT_TAG) or None
