"""A run or an experiment as one line of JSON in the index: positions, not names; nothing lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlgit.records.experiment import Experiment
from mlgit.records.run import Code, Edit, History, MetricSummary, Run, RunStatus, Source

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_STATUS = {status.value: status for status in RunStatus}

_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


class Unreadable(Exception):
    """A line of the index is not one that this version writes."""


def dump(run: Run) -> str:
    """The line of a run; NaN and infinities are kept as Python writes them."""
    return _encode(
        [
            run.id,
            run.name,
            run.experiment_id,
            run.status.value,
            run.start,
            run.end,
            run.user,
            run.host,
            run.parent,
            run.lifecycle,
            run.deleted_at,
            run.note,
            run.code,
            run.source,
            dict(run.params),
            {key: _summary(one) for key, one in run.metrics.items()},
            dict(run.tags),
            _edits(run.edits),
            run.alive_until,
            _history(run.history),
            dict(run.extra),
            run.format,
        ]
    )


def _summary(one: MetricSummary) -> tuple[float, ...]:
    return one[:3] if one.points == 1 and one.min == one.last == one.max else one


def _history(history: History) -> list[Any]:
    if not history.sampled and not history.artifacts:
        return []
    sampled = {name: dict(counts) for name, counts in history.sampled.items()}
    return [dict(history.artifacts), sampled]


def _edits(edits: Mapping[str, Edit]) -> dict[str, Any]:
    return {path: [edit.at, edit.by, edit.deleted] for path, edit in edits.items()}


def load(line: str) -> Run:
    """The run of a line.

    Raises:
        Unreadable: It is not one of ours.
    """
    try:
        return _load(json.loads(line))
    except _MALFORMED as error:
        raise Unreadable from error


def _load(fields: list[Any]) -> Run:
    (
        *head,
        code,
        source,
        params,
        metrics,
        tags,
        edits,
        alive_until,
        history,
        extra,
        version,
    ) = fields
    run_id, name, experiment_id, status, start, end, user, host, parent, lifecycle, at, note = head
    _require([*map(type, head)] in _HEADS and _all_text(params) and _all_text(tags))
    return Run(
        run_id,
        name,
        experiment_id,
        _STATUS[status],
        start,
        end,
        user,
        host,
        parent,
        lifecycle,
        at,
        note,
        Code(*code),
        Source(*source),
        params,
        {key: _load_summary(one) for key, one in metrics.items()},
        tags,
        _load_edits(edits),
        alive_until,
        History(*history),
        extra,
        version,
    )


def _load_summary(one: list[Any]) -> MetricSummary:
    types = [*map(type, one)]
    if types == _SHORT:
        last, step, time = one
        return MetricSummary(last, step, time, last, last, 1)
    _require(types == _LONG)
    return MetricSummary(*one)


def _all_text(values: dict[str, Any]) -> bool:
    return not set(map(type, values.values())) - {str}


def _require(fits: bool) -> None:
    if not fits:
        raise TypeError("a value of another type")


_SHORT: list[type] = [float, int, int]
_LONG: list[type] = [*_SHORT, float, float, int]
_HEADS: list[list[type]] = [
    [str, str, str, str, int, end, str, str, str, str, deleted_at, str]
    for end in (int, type(None))
    for deleted_at in (int, type(None))
]
_EXPERIMENT: list[type] = [str, str, str, int, int, str, str, str, dict, dict, dict, int]


def keys(line: str) -> tuple[list[str], list[str], list[str]]:
    """The keys of the metrics, parameters and tags of a run's line.

    Raises:
        Unreadable: It is not one of ours.
    """
    try:
        params, metrics, tags = json.loads(line)[14:17]
        _require([*map(type, (params, metrics, tags))] == [dict, dict, dict])
        return list(metrics), list(params), list(tags)
    except _MALFORMED as error:
        raise Unreadable from error


def _load_edits(edits: Mapping[str, Any]) -> dict[str, Edit]:
    return {path: Edit(*edit) for path, edit in edits.items()}


def dump_experiment(one: Experiment) -> str:
    """The line of an experiment."""
    head = [one.id, one.name, one.folder, one.created, one.updated, one.lifecycle, one.note]
    rest = [one.artifact_location, dict(one.tags), _edits(one.edits), dict(one.extra), one.format]
    return _encode(head + rest)


def load_experiment(line: str) -> Experiment:
    """The experiment of a line.

    Raises:
        Unreadable: It is not one of ours.
    """
    try:
        fields = json.loads(line)
        _require([*map(type, fields)] == _EXPERIMENT and _all_text(fields[8]))
        fields[9] = _load_edits(fields[9])
        return Experiment(*fields)
    except _MALFORMED as error:
        raise Unreadable from error
