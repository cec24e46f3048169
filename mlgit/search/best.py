"""The question for the best runs by a metric."""

from __future__ import annotations

from collections.abc import Collection
from math import inf

from mlgit.search.expression import And, Comparison, Field, Kind
from mlgit.search.judging import lower_is_better
from mlgit.search.order import OrderKey
from mlgit.search.question import Question


def best_first(
    metric: str, lowest: bool | None = None, experiment_ids: Collection[str] | None = None
) -> Question:
    """Finished runs with a finite value of a metric, the best first.

    Args:
        metric: Its key.
        lowest: Whether the lowest value is the best; what its name says for None.
        experiment_ids: Only runs of these experiments.
    """
    field = Field(Kind.METRIC, metric)
    finished = Comparison(Field(Kind.ATTRIBUTE, "status"), "=", "FINISHED")
    finite = (Comparison(field, ">", -inf), Comparison(field, "<", inf))
    rising = lower_is_better(metric) if lowest is None else lowest
    order = (OrderKey(field, descending=not rising),)
    return Question(And((finished, *finite)), order, experiment_ids)
