"""Which points of a run go to git: all of them, or a sample where they are too many."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import MlgitError
from mlgit.records.artifact import ArtifactEntry
from mlgit.records.metrics import HEADER, Point, decode_points, encode_points, merge_segments
from mlgit.runs import notice, segments

if TYPE_CHECKING:
    from mlgit.records.history import History
    from mlgit.records.run import MetricSummary
    from mlgit.runs.segments import Segment
    from mlgit.store.store import Store

_PIECE = 1 << 20
_QUICK = 1  # zlib's level: as huge commits are packed


class Outlet(NamedTuple):
    """Where a history goes that is too long for git.

    Attributes:
        limit: Bytes, compressed, of all metric files of a run that git takes.
        keep: Puts bytes among the artifacts; (sha256, size).
    """

    limit: int
    keep: Callable[[bytes], tuple[str, int]]


class Before(NamedTuple):
    """What the branch has of a run's points besides those of the journals.

    Attributes:
        files: Metric files of other journals by name.
        names: Names of all files of the run.
        history: What the run says of its history.
    """

    files: Mapping[str, bytes]
    names: Iterable[str]
    history: History


class Placed(NamedTuple):
    """The metric files for git, what the run says of them, and the artifact that was made."""

    files: Mapping[str, bytes]
    history: History
    artifact: ArtifactEntry | None = None


def outlet_of(store: Store) -> Outlet:
    """The local store of artifacts, for what is beyond the team's limit."""

    def keep(data: bytes) -> tuple[str, int]:
        from mlgit.artifacts.cache import ObjectCache

        return ObjectCache(store.data / "objects").put_bytes(data)

    return Outlet(store.settings.limits.metrics, keep)


def place(
    parts: Sequence[Segment],
    before: Before,
    found: Mapping[str, MetricSummary],
    outlet: Outlet,
    *,
    ends: bool,
) -> Placed:
    """The files of `parts`: as they are while they fit, else down-sampled.

    What is on the branch is sealed and stays as it is. Only when the run `ends` its whole history
    is put among the artifacts, once; until then it is in the journals. `found` are the summaries
    of all points.
    """
    whole = {part.name: part.csv for part in parts if len(part)}
    known = before.history.sampled
    files = {**whole, **_samples(part for part in parts if part.name in known)}
    fresh = whole.keys() - set(before.names)
    if fresh and not _fits([*before.files.values(), *files.values()], outlet.limit):
        files.update(_samples(part for part in parts if part.name in fresh))
    sampled = [part for part in parts if files.get(part.name) != whole.get(part.name)]
    if not sampled:
        return Placed(files, before.history)
    alone = len(whole) == 1 and not before.files
    numbers = {
        part.name: _numbers(found if alone else segments.summary([part])) for part in sampled
    }
    history = before.history._replace(sampled={**known, **numbers})
    if not ends:
        return Placed(files, history)
    exact = [data for name, data in before.files.items() if name not in known]
    entry = _kept(joined([*exact, *whole.values()]), outlet)
    artifacts = {**history.artifacts, entry.path: entry.sha256}
    return Placed(files, history._replace(artifacts=artifacts), entry)


def _samples(parts: Iterable[Segment]) -> dict[str, bytes]:
    listed = [part for part in parts if len(part)]
    if not listed:
        return {}
    from mlgit.runs.thin import thinned

    return {part.name: segments.encode(thinned(part)) for part in listed}


def _fits(files: Sequence[bytes], limit: int) -> bool:
    if sum(len(data) + 100 for data in files) <= limit:  # compressed it is hardly more
        return True
    left = limit
    for piece in chain.from_iterable(map(packed, files)):
        left -= len(piece)
        if left < 0:  # how much too long it is, nobody asks
            return False
    return True


def packed(data: bytes) -> Iterator[bytes]:
    """A metric file compressed, as the limit counts it, piece by piece."""
    packer, view = zlib.compressobj(_QUICK), memoryview(data)
    for at in range(0, len(data), _PIECE):
        yield packer.compress(view[at : at + _PIECE])
    yield packer.flush()


def _numbers(found: Mapping[str, MetricSummary]) -> dict[str, int]:
    return {key: one.points for key, one in found.items()}


def _kept(data: bytes, outlet: Outlet) -> ArtifactEntry:
    """The history as an artifact, at a path that nobody has by chance."""
    digest, size = outlet.keep(data)
    return ArtifactEntry(f"metric-history-{digest[:12]}.csv", size, digest)


def joined(files: Sequence[bytes]) -> bytes:
    """Several metric files as one, row after row."""
    if len(files) == 1:
        return files[0]
    head = f"{HEADER}\n".encode()
    if all(data.startswith(head) for data in files):
        return head + b"".join(data[len(head) : data.rfind(b"\n") + 1] for data in files)
    return encode_points([point for data in files for point in decode_points(data)])


def all_points(
    history: History,
    sealed: Mapping[str, Sequence[Point]],
    whole: Callable[[History], list[bytes]],
    more: Iterable[Iterable[Point]] = (),
) -> list[Point]:
    """The points of metric files, down-sampled ones whole again, by step and timestamp.

    Where the whole history is not here, a warning says so and how to get it.

    Args:
        history: What the run says of its history.
        sealed: The points of its metric files by name.
        whole: Reads the CSV files of a whole history.
        more: Points that are in no file.
    """
    concerned = history.sampled.keys() & sealed.keys()
    if not concerned:
        return merge_segments([*sealed.values(), *more])
    kept = history._replace(sampled={name: history.sampled[name] for name in concerned})
    try:
        files = [decode_points(each) for each in whole(kept)]
    except MlgitError as error:
        notice.warn(f"{error.message}; {error.hint}")
        files = []
    return merge_segments([*files, *sealed.values(), *more])
