"""Metric histories of a store, as MLflow and the charts of its pages ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import isnan
from typing import TYPE_CHECKING

from mlgit.bridges.mlflow import entities
from mlgit.bridges.mlflow.base import Calls, paged
from mlgit.client.paging import checked_size, offset_of, page
from mlgit.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.entities.metric import MetricWithRunId
    from mlflow.store.entities.paged_list import PagedList

    from mlgit.records.metrics import Point


class HistoryCalls(Calls):
    """See MLflow's `AbstractStore`."""

    def get_metric_history(
        self,
        run_id: str,
        metric_key: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> PagedList[Metric]:
        """Every point of a metric; none where there is no such run, as in MLflow's own store."""
        points = self._points(run_id, metric_key)
        if max_results is None:
            return paged((entities.metric(one, run_id) for one in points), None)
        start, size = offset_of(page_token), checked_size(max_results)
        found = page(points[start : start + size + 1], size, start)
        return paged((entities.metric(one, run_id) for one in found), found.token)

    def get_metric_history_bulk_interval(
        self,
        run_ids: Sequence[str],
        metric_key: str,
        max_results: int,
        start_step: int | None,
        end_step: int | None,
    ) -> list[MetricWithRunId]:
        """At most `max_results` points of each run: those that MLflow's own store picks."""
        from mlflow.entities.metric import MetricWithRunId  # which those lack that never ask

        if (start_step is None) != (end_step is None):
            raise InvalidValue("start_step and end_step go together, or neither is given")
        found: list[MetricWithRunId] = []
        for run_id in run_ids:
            points = sorted(self._points(run_id, metric_key), key=_rank)
            if start_step is not None and end_step is not None:
                points = [one for one in points if start_step <= one.step <= end_step]
            some = (points[place] for place in spread(len(points), max(1, max_results)))
            found += [MetricWithRunId(entities.metric(one, run_id), run_id) for one in some]
        return found

    def _points(self, run_id: str, key: str) -> Sequence[Point]:
        """None where there is no such run, as in MLflow's own store."""
        with suppress(NotFound):
            return self.tracker.view(run_id).points_of(key)
        return ()


def _rank(point: Point) -> tuple[int, int, float, bool]:
    """In the order of MLflow's tables, where a NaN is a 0 with a mark."""
    nan = isnan(point.value)
    return point.step, point.timestamp, 0.0 if nan else point.value, nan


def spread(total: int, most: int) -> list[int]:
    """At most `most` of the places 0 to `total` - 1: the first of each of `most` equal parts.

    The last place is always one of them. Parts differ by one at most, the longer ones come first.
    """
    if total <= most:
        return list(range(total))
    size, longer = divmod(total, most)
    starts = [part * size + min(part, longer) for part in range(most)]
    return [*starts[:-1], total - 1]
