"""A record → the rows of the index that stand for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mlgit.records.inputs import DatasetInput
from mlgit.records.run import Run
from mlgit.records.system_tags import field_tags
from mlgit.search.expression import Kind
from mlgit.search.fields import RUNS
from mlgit.search.literals import number
from mlgit.search.match import CONTEXT_TAG
from mlgit.search.schema import COLUMNS, KINDS

Column = str | int | float | None


Value = tuple[int, str, Column, str | None]
"""Kind and key of a metric, parameter or tag; its number (None: NaN, other text); its text."""


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


def values(run: Run) -> list[Value]:
    """Every metric, parameter and tag; reserved tags have columns instead."""
    metrics: list[Value] = [
        (_METRIC, key, None if one.last != one.last else one.last, None)
        for key, one in run.metrics.items()
    ]
    params: list[Value] = [(_PARAM, key, _number(text), text) for key, text in run.params.items()]
    tags: list[Value] = [
        (_TAG, key, _number(text), text)
        for key, text in run.tags.items()
        if key not in RUNS.system_tags
    ]
    return metrics + params + tags


_METRIC, _PARAM, _TAG = (KINDS[kind] for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG))
_number = lru_cache(maxsize=16384)(number)  # parameters repeat


def dataset(rid: int, one: DatasetInput) -> tuple[Column, ...]:
    """The row of one dataset of run `rid`; what it lacks is NULL."""
    return rid, one.name or None, one.digest or None, one.tags.get(CONTEXT_TAG) or None
