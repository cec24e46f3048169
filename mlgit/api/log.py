"""Logging to the active run; without one, a run is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from mlgit import times
from mlgit.api.context import client, stacks
from mlgit.api.runs import current
from mlgit.entities.values import Dataset, Metric, Param, RunOperations

T = TypeVar("T")


def log_param(key: str, value: T, synchronous: bool | None = None) -> T:  # noqa: ARG001  # nothing waits
    """Log one parameter, which can never change; gives the value back.

    Raises:
        InvalidState: The run has another value for it.
    """
    current().live.log_params({key: value})
    return value


def log_params(
    params: Mapping[str, object], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Log several parameters, all or none.

    Raises:
        InvalidState: The run has another value for one of them.
    """
    if run_id is None:
        current().live.log_params(params)
        return _done(synchronous)
    pairs = [Param(key, str(value)) for key, value in params.items()]
    return client().log_batch(run_id, params=pairs, synchronous=synchronous)


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: Dataset | None = None,
) -> RunOperations | None:
    """Log one value of a metric; safe against a killed process when this returns.

    Args:
        key: Name of the metric.
        value: A number; NaN and infinities are kept.
        step: Any whole number; 0 when None.
        synchronous: Logging never waits, so this changes nothing.
        timestamp: Milliseconds UTC; now when None.
        run_id: Another run than the active one.
        model_id: The logged model it was measured on.
        dataset: The dataset it was measured on.

    Raises:
        InvalidValue: The key, value, step or timestamp cannot be logged.
    """
    if run_id is None and model_id is None and dataset is None and synchronous is None:
        runs = stacks.runs
        (runs[-1] if runs else current()).live.log_metric(key, value, step or 0, timestamp)
        return None
    metrics = {key: value}
    return log_metrics(metrics, step, synchronous, run_id, timestamp, model_id, dataset)


def log_metrics(
    metrics: Mapping[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: Dataset | None = None,
) -> RunOperations | None:
    """Log values of several metrics at one step, all or none; arguments as `log_metric`.

    Raises:
        InvalidValue: As `log_metric`.
    """
    if run_id is None and model_id is None and dataset is None:
        current().live.log_metrics(metrics, step or 0, timestamp)
        return _done(synchronous)
    name, digest = (dataset.name, dataset.digest) if dataset else (None, None)
    when = times.now_ms() if timestamp is None else timestamp
    points = [
        Metric(key, value, when, step or 0, model_id, name, digest)
        for key, value in metrics.items()
    ]
    target = run_id or current().info.run_id
    return client().log_batch(target, metrics=points, synchronous=synchronous)


def set_tag(key: str, value: object, synchronous: bool | None = None) -> RunOperations | None:
    """Set one tag; the last value counts."""
    return set_tags({key: value}, synchronous)


def set_tags(tags: Mapping[str, object], synchronous: bool | None = None) -> RunOperations | None:
    """Set several tags, all or none."""
    current().live.set_tags(tags)
    return _done(synchronous)


def delete_tag(key: str) -> None:
    """Take a tag away.

    Raises:
        NotFound: The run has no such tag.
    """
    current().live.delete_tag(key)


def flush_async_logging() -> None:
    """Publish what was added to runs of others; logging itself never lags behind."""
    client().tracker.leave()


def _done(synchronous: bool | None) -> RunOperations | None:
    return RunOperations() if synchronous is False else None
