"""A curve in one line of characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-~=+*#"


def sparkline(values: Sequence[float], columns: int, *, unicode: bool = True) -> str:
    """`values` in order as at most `columns` characters, lowest to highest; NaN is a gap."""
    buckets = resample(values, columns)
    finite = [value for value in buckets if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    marks = _BLOCKS if unicode else _ASCII
    return "".join(_mark(value, low, high, marks) for value in buckets)


def resample(values: Sequence[float], columns: int) -> list[float]:
    """Means of `columns` equal stretches of `values`; NaN where a stretch has no finite value."""
    count = len(values)
    if count <= columns:
        return list(values)
    edges = [index * count // columns for index in range(columns + 1)]
    return [_mean(values[start:end]) for start, end in pairwise(edges)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(value / len(finite) for value in finite) if finite else math.nan


def _mark(value: float, low: float, high: float, marks: str) -> str:
    if math.isnan(value):
        return " "
    if value in (math.inf, -math.inf):
        return marks[-1] if value > 0 else marks[0]
    # Halves before the difference: two huge values of opposite sign must not overflow.
    spread = high / 2 - low / 2
    share = (value / 2 - low / 2) / spread if spread else 0.5
    return marks[min(int(share * len(marks)), len(marks) - 1)]
