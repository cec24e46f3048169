"""Logging numbers: the hot path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.records import names

if TYPE_CHECKING:
    from mlgit.records.metrics import Point
    from mlgit.runs.journal import Journal, Row

_MAX = names.MAX_STEP


class MetricLog:
    """The metrics of a live run; each call is one `write` and safe when it returns."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._metric_keys: set[object] = set()  # found valid

    def log_metric(
        self, key: str, value: object, step: object = 0, timestamp: object = None
    ) -> None:
        """Log one value; `timestamp` in milliseconds UTC is now unless given.

        Raises:
            InvalidValue: The key, value, step or timestamp cannot be logged.
            InvalidState: The run is over.
        """
        if type(key) is not str or key not in self._metric_keys:
            self._metric_keys.add(names.validate_key("metric", key))
        if type(value) is not float:
            value = names.metric_value(key, value)
        if type(step) is not int or not -_MAX <= step <= _MAX:
            step = names.step_value(step)
        stamp = times.now_ms() if timestamp is None else names.timestamp_value(timestamp)
        self._journal.append_point(key, step, stamp, value)

    def log_metrics(
        self, values: Mapping[str, object], step: object = 0, timestamp: object = None
    ) -> None:
        """Log several values of one step with one write; all are checked before any is logged.

        Raises:
            As `log_metric`.
        """
        whole = names.step_value(step)
        stamp = times.now_ms() if timestamp is None else names.timestamp_value(timestamp)
        numbers = {
            key: value if type(value) is float else names.metric_value(key, value)
            for key, value in values.items()
        }
        if not self._metric_keys >= numbers.keys():
            self._metric_keys.update(names.validate_key("metric", key) for key in numbers)
        self._journal.append_step(numbers, whole, stamp)

    def log_points(self, points: Iterable[Point]) -> None:
        """Log points with their own steps, times, models and datasets, in one write.

        Raises:
            As `log_metric`; then none is logged.
        """
        self._journal.append_points(checked_rows(points))


def checked_rows(points: Iterable[Point]) -> list[Row]:
    """Points as they are written down.

    Raises:
        InvalidValue: The key, value, step or timestamp of one cannot be logged.
    """
    return [_row(point) for point in points]


def _row(point: Point) -> Row:
    key, *rest = names.validate_key("metric", point.key), *point[4:7]
    return (
        (key, rest[0], rest[1], rest[2]) if any(rest) else key,
        names.step_value(point.step),
        names.timestamp_value(point.timestamp),
        names.metric_value(key, point.value),
    )
