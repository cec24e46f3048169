"""Down-sampling: of many points those that keep the shape of every curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlgit.runs.segments import Segment
from mlgit.runs.segments_bulk import ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Rows of a file, and at most of one curve: about 1 MB of text, in git a few hundred kilobytes.
_MOST = 24_000
_CURVE = 2_000
_LEAST = 2  # rows of a curve besides its first and latest


class _Curves(NamedTuple):
    """Points sorted by series, step and time; `start`, `size` and `value` of each curve."""

    order: NDArray[np.int64]
    value: NDArray[np.float64]
    start: NDArray[np.int64]
    size: NDArray[np.int64]


def thinned(segment: Segment) -> Segment:
    """At most some thousand points of each curve: first, latest, lowest, highest and in between.

    A curve is one key of one model and dataset. It is cut into stretches of equally many points;
    of each the lowest and the highest stay. The same points always give the same ones.
    """
    rows = np.frombuffer(segment.rows, ROWS)
    rows = rows[np.isin(rows["series"], list(segment.series))]
    if not len(rows):
        return Segment(segment.name, b"", segment.series)
    curves = _curves(rows)
    most = max(_LEAST, min(_CURVE, _MOST // len(curves.size)) - 2)
    stretch = _stretches(curves, most // 2)
    kept = np.concatenate(
        [
            curves.start,
            curves.start + curves.size - 1,
            _extreme(curves.value, stretch, np.fmin),
            _extreme(curves.value, stretch, np.fmax),
        ]
    )
    chosen = rows[np.sort(curves.order[np.unique(kept)])]
    return Segment(segment.name, chosen.tobytes(), segment.series)


def _curves(rows: NDArray[np.void]) -> _Curves:
    series, step, time = (rows[name] for name in ("series", "step", "time"))
    order = np.lexsort((time, step, series))
    same = [np.diff(column[order]) == 0 for column in (series.astype(np.int64), step, time)]
    if np.logical_and.reduce(same).any():  # which of them is the latest, their values say
        real = ~np.isnan(rows["value"])
        filled = np.where(real, rows["value"], 0.0)
        order = np.lexsort((real, filled, time, step, series))
    start = np.flatnonzero(np.diff(series[order].astype(np.int64), prepend=-1))
    return _Curves(order, rows["value"][order], start, np.diff(start, append=len(rows)))


def _stretches(curves: _Curves, count: int) -> NDArray[np.int64]:
    """Where each stretch begins, at most `count` a curve."""
    cuts = [
        start + np.arange(parts, dtype=np.int64) * size // parts
        for start, size, parts in zip(
            curves.start.tolist(),
            curves.size.tolist(),
            np.minimum(curves.size, count).tolist(),
            strict=True,
        )
    ]
    return np.concatenate(cuts)


def _extreme(
    value: NDArray[np.float64], stretch: NDArray[np.int64], extreme: np.ufunc
) -> NDArray[np.int64]:
    """Where the first point of each stretch is that has its extreme value; none of NaN only."""
    size = np.diff(stretch, append=len(value))
    hit = np.flatnonzero(value == np.repeat(extreme.reduceat(value, stretch), size))
    within = np.searchsorted(stretch, hit, "right")
    first: NDArray[np.int64] = hit[np.diff(within, prepend=0) != 0]
    return first
