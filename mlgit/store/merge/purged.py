"""A run that one side purged: it stays so, unless somebody worked on it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.records import layout
from mlgit.records.run import load_purged, load_run
from mlgit.store.tombstone import emptied

if TYPE_CHECKING:
    from mlgit.git.tree import Entry
    from mlgit.git.tree_merge import Sides
    from mlgit.records.run import Purged
    from mlgit.store.merge.folder import FolderMerge


def despite_purge(folder: FolderMerge, sides: Sides) -> Entry | None:
    """What stands in a run's folder where one of the two purged it; None where none did.

    Raises:
        Damaged: The record of the other side cannot be read.
    """
    stubs = [_stub(folder, side) for side in (folder.ours, folder.theirs)]
    records = [side.get(layout.RUN) for side in (folder.ours, folder.theirs)]
    found = [pair for pair in zip(stubs, records, strict=True) if pair[0] is not None]
    if not found:
        return None
    if len(found) == 1:
        living = 1 if stubs[0] else 0
        record, stub = records[living], found[0][0]
        if record is not None and stub is not None and _outlives(folder, record, stub):
            return sides[1 + living]
    first = min(found, key=_age)[1]
    folder.after = {**emptied({**folder.ours, **folder.theirs}), layout.RUN: first}
    return folder.entry()


def _stub(folder: FolderMerge, side: dict[str, Entry]) -> Purged | None:
    record = side.get(layout.RUN)
    return load_purged(folder.read(record)) if record else None


def _age(pair: tuple[Purged | None, Entry | None]) -> tuple[int, str]:
    return (pair[0].at, pair[0].by) if pair[0] else (0, "")


def _outlives(folder: FolderMerge, record: Entry, stub: Purged) -> bool:
    """Whether somebody edited the run, or it went on, after it was purged."""
    run = load_run(folder.read(record))
    edits = (edit.at for edit in run.edits.values())
    points = (summary.time for summary in run.metrics.values())
    return max(run.end or 0, *edits, *points, 0) > stub.at
