"""Journal points as what goes on the branch: CSV segments and the summary of every metric."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mlgit.records.metrics import Point, encode_points, summarize
from mlgit.runs import frames

if TYPE_CHECKING:
    from mlgit.records.run import MetricSummary
    from mlgit.runs.journal_records import Series

_MANY = 20_000  # points from which numpy is worth its import


@dataclass(frozen=True)
class Segment:
    """Points of one journal between two checkpoints, as rows of `frames.ROW`."""

    name: str
    rows: bytes
    series: Mapping[int, Series]

    def __len__(self) -> int:
        return len(self.rows) // frames.ROW.size

    @cached_property
    def csv(self) -> bytes:
        """The segment as a file; see `encode`."""
        return encode(self)


def encode(segment: Segment) -> bytes:
    """The CSV file of a segment, its points in the order they were logged."""
    if _is_big(len(segment)):
        from mlgit.runs import segments_bulk

        encoded = segments_bulk.encode(segment)
        if encoded is not None:
            return encoded
    return encode_points(list(points(segment)))


def summary(segments: Iterable[Segment], others: Iterable[Point] = ()) -> dict[str, MetricSummary]:
    """What `run.yaml` says of the metrics in `segments` and `others` together."""
    listed, more = list(segments), list(others)
    if _is_big(sum(map(len, listed)) + len(more)):
        from mlgit.runs import segments_bulk

        return segments_bulk.summary(listed, more)
    return summarize([*more, *(point for segment in listed for point in points(segment))])


def points(segment: Segment) -> Iterator[Point]:
    """The points of a segment; those of a series whose definition is lost are left out."""
    for number, step, timestamp, value in frames.ROW.iter_unpack(segment.rows):
        series = segment.series.get(number)
        if series is not None:
            yield Point(step, timestamp, series[0], value, *series[1:])


def _is_big(count: int) -> bool:
    return count >= (_MANY if "numpy" in sys.modules else 5 * _MANY)
