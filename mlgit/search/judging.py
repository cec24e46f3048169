"""Which metric to judge runs by, and which way is better: guesses from names, used as defaults."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlgit.records.run import Run

_LOWER_IS_BETTER = (
    *("loss", "err", "mae", "mse", "rmse", "mape", "perplexity", "ppl", "brier", "deviance"),
    *("time", "latency", "seconds", "duration", "cost", "regret"),
)
_HELD_OUT = ("val", "valid", "validation", "test", "eval")
_SYSTEM = "system/"


def lower_is_better(metric: str) -> bool:
    """Whether a metric of this name is one to bring down, by the usual words."""
    words = re.split(r"[-_/. ]+", metric.lower())
    return any(word.startswith(_LOWER_IS_BETTER) for word in words)


class Contender(NamedTuple):
    """A finished run with its value of the metric that runs are judged by, None where it has none.

    `start` is milliseconds UTC.
    """

    id: str
    start: int
    value: float | None


def winner(metric: str, contenders: Iterable[Contender]) -> str:
    """Id of the run with the best finite value, the newest of equals; "" for fewer than two."""
    sign = 1 if lower_is_better(metric) else -1
    ranked = [
        (sign * one.value, -one.start, one.id)
        for one in contenders
        if one.value is not None and isfinite(one.value)
    ]
    return min(ranked)[2] if len(ranked) > 1 else ""


def best_value(metric: str, values: Iterable[float | None]) -> float | None:
    """The best finite value of a metric; None for fewer than two."""
    finite = [value for value in values if value is not None and isfinite(value)]
    return (min if lower_is_better(metric) else max)(finite) if len(finite) > 1 else None


def verdict(metric: str, before: float, after: float) -> int:
    """1 where `after` is the better value, -1 the worse; 0 where they are equal or not finite."""
    if before == after or not (isfinite(before) and isfinite(after)):
        return 0
    return 1 if (after < before) == lower_is_better(metric) else -1


def primary_metric(runs: Iterable[Run]) -> str:
    """The metric to judge these runs by: one that most have, held-out data first; "" for none."""
    listed = list(runs)
    counts = Counter(key for run in listed for key in run.metrics if not key.startswith(_SYSTEM))
    if not counts:
        return ""
    most = max(counts.values())
    common = [key for key, count in counts.items() if 2 * count >= most]
    return min(common, key=lambda key: (not key.startswith(_HELD_OUT), lower_is_better(key)))
