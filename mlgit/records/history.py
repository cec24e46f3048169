"""What a run says of metric points that are too many for git."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.records.fields import NOTHING, Doc, count_of, texts_to_doc

if TYPE_CHECKING:
    from mlgit.records.metrics import Point
    from mlgit.records.run import MetricSummary


class History(NamedTuple):
    """Which metric files of a run are down-sampled, and where all points are.

    Attributes:
        artifacts: Path -> sha256 of the artifacts that together hold every point of `sampled`
            (CSV, as a metric file); none while the run goes on.
        sampled: Name of a down-sampled metric file -> key -> how many points it stands for.
    """

    artifacts: Mapping[str, str] = NOTHING
    sampled: Mapping[str, Mapping[str, int]] = NOTHING

    @property
    def points(self) -> int:
        """How many points the down-sampled files stand for."""
        return sum(sum(counts.values()) for counts in self.sampled.values())


def with_counts(
    found: Mapping[str, MetricSummary],
    history: History,
    segments: Mapping[str, Sequence[Point]],
) -> dict[str, MetricSummary]:
    """Summaries of what is in git, as those of all points: only their number is not the same.

    Args:
        found: The summaries of the points of `segments` (and of others).
        history: What the run says of its history.
        segments: Metric files by name.
    """
    from mlgit.records.metrics import merge_segments

    more: Counter[str] = Counter()
    for name in history.sampled.keys() & segments.keys():
        more.update(history.sampled[name])
        more.subtract(Counter(point.key for point in merge_segments([segments[name]])))
    return {key: one._replace(points=one.points + more[key]) for key, one in found.items()}


def to_doc(history: History) -> Doc:
    """The section `history` of a `run.yaml`; empty where all is in git."""
    sampled = {name: dict(sorted(counts.items())) for name, counts in history.sampled.items()}
    doc: Doc = {
        "artifacts": texts_to_doc(history.artifacts),
        "sampled": dict(sorted(sampled.items())),
    }
    return {key: value for key, value in doc.items() if value}


def _digest(text: str) -> str:
    if len(bytes.fromhex(text)) != 32 or len(text) != 64 or text.lower() != text:
        raise ValueError("sha256 is 64 lower-case hex digits")
    return text


def from_doc(doc: Doc) -> History:
    """The section as a value; what is malformed raises as `fields.MALFORMED` says."""
    if not doc:
        return History()
    sampled = doc.get("sampled", {})
    return History(
        {path: _digest(text) for path, text in doc.get("artifacts", {}).items()},
        {
            name: {key: count_of(count) for key, count in counts.items()}
            for name, counts in sampled.items()
        },
    )
