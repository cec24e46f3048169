"""A record → the rows of the index that stand for it."""

from __future__ import annotations

from collections import defaultdict
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


Values = defaultdict[int, list[Column]]
"""Number of a key → the rows of its values, one behind the other: key, run, number and text."""


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


def add_values(rid: int, run: Run, kid: Mapping[tuple[int, str], int], into: Values) -> None:
    """Put every metric, parameter and tag of run `rid` under the number of its key.

    Reserved tags have columns instead. A NaN has neither number nor text; text that writes a
    number has both.
    """
    for key, one in run.metrics.items():
        last, number = one.last, kid[_METRIC, key]
        into[number] += (number, rid, None if last != last else last, None)
    for key, text in run.params.items():
        number = kid[_PARAM, key]
        into[number] += (number, rid, _number(text), text)
    for key, text in run.tags.items():
        if key not in RUNS.system_tags:
            number = kid[_TAG, key]
            into[number] += (number, rid, _number(text), text)


_METRIC, _PARAM, _TAG = (KINDS[kind] for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG))
_number = lru_cache(maxsize=16384)(number)  # parameters repeat


def dataset(rid: int, one: DatasetInput) -> tuple[Column, ...]:
    """The row of one dataset of run `rid`; what it lacks is NULL."""
    return rid, one.name or None, one.digest or None, one.tags.get(CONTEXT_TAG) or None
