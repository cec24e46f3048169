"""Metric files on the branch are sealed: a journal adds to them, and never takes a point away.

A journal may say less than what was published of it, as after a power cut that took its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlgit.errors import Damaged
from mlgit.records import layout
from mlgit.records.metrics import Point, decode_points
from mlgit.runs.frames import ROW
from mlgit.runs.segments import Segment

if TYPE_CHECKING:
    from mlgit.store.snapshot import Snapshot

_Key = tuple[int, int, str, str, str, str, str]


def beside_sealed(
    snapshot: Snapshot,
    folder: str,
    writer: str,
    parts: Iterable[Segment],
    sampled: Iterable[str] = (),
) -> list[Segment]:
    """What one journal brings to the branch: parts that are new there, or the same.

    Of a part that says something else than the sealed file of its name only the points remain that
    no metric file of the run has, in a file of a name that is free. Again it gives the same.

    Args:
        snapshot: The branch.
        folder: The run's folder.
        writer: The journal's name.
        parts: Its points by checkpoint.
        sampled: Metric files of the run that are down-sampled.
    """
    listed, taken = list(parts), set(snapshot.segment_names(folder))
    strange = {part.name for part in listed if _differs(snapshot, folder, part, sampled)}
    kept = [part for part in listed if part.name not in strange]
    if not strange:
        return kept
    known = {_key(point) for point in snapshot.points(folder)}
    taken |= {part.name for part in listed}
    names = (layout.segment_name(writer, number) for number in range(1, 10**9))
    free = (name for name in names if name not in taken)
    for part in listed:
        rows = _new_rows(part, known) if part.name in strange else b""
        if rows:
            kept.append(Segment(next(free), rows, part.series))
    return kept


def _differs(snapshot: Snapshot, folder: str, part: Segment, sampled: Iterable[str]) -> bool:
    try:
        there = snapshot.read(f"{folder}/{part.name}")
    except Damaged:  # it is mended by what the journal says
        return False
    if there is None or there == part.csv:
        return False
    if len(part) and part.name in sampled:
        from mlgit.runs.thin import thinned

        return there != thinned(part).csv
    return len(decode_points(there)) > 0


def _new_rows(part: Segment, known: set[_Key]) -> bytes:
    """The rows of a part that hold no point of `known`."""
    found = []
    for row in ROW.iter_unpack(part.rows):
        names = part.series.get(row[0])
        if names and _key(Point(row[1], row[2], names[0], row[3], *names[1:])) not in known:
            found.append(ROW.pack(*row))
    return b"".join(found)


def _key(point: Point) -> _Key:
    """What makes two points one: two NaN are equal, and so are 0.0 and -0.0."""
    return (*point[:3], repr(point.value + 0.0), *point[4:7])
