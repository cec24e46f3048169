"""Which metric to judge runs by, and which way is better: guesses from names, used as defaults."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

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


def primary_metric(runs: Iterable[Run]) -> str:
    """The metric to judge these runs by: one that most have, held-out data first; "" for none."""
    listed = list(runs)
    counts = Counter(key for run in listed for key in run.metrics if not key.startswith(_SYSTEM))
    if not counts:
        return ""
    most = max(counts.values())
    common = [key for key, count in counts.items() if 2 * count >= most]
    return min(common, key=lambda key: (not key.startswith(_HELD_OUT), lower_is_better(key)))
