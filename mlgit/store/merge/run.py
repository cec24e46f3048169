"""One run that two clones changed apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.git.tree import Entry
from mlgit.records import layout, text
from mlgit.records.history import with_counts
from mlgit.records.inputs import Inputs, dump_inputs, load_inputs
from mlgit.records.logged_model import dump_logged_model, load_logged_model
from mlgit.records.metrics import decode_points, merge_segments, summarize
from mlgit.records.run import dump_run, load_purged, load_run
from mlgit.store.merge.artifacts import merge_artifacts
from mlgit.store.merge.fields import LOGGED_MODEL, RUN, merge_record
from mlgit.store.merge.folder import FolderMerge
from mlgit.store.merge.values import docs_of, each, has_conflict

if TYPE_CHECKING:
    from mlgit.git.tree_merge import Sides, TreeMerge
    from mlgit.records.run import Purged, Run

LOGGED = "logged-model.yaml"


def merge_run_folder(merge: TreeMerge, sides: Sides) -> tuple[Entry | None, bool]:
    """What stands in a run's (or logged model's) folder, and whether a value is in conflict.

    Raises:
        Damaged: A record on one side cannot be read.
    """
    folder = FolderMerge(merge, sides)
    alive = _despite_purge(folder, sides)
    if alive is not None:
        return alive, False
    merge_artifacts(folder)
    folder.combine(layout.INPUTS, _inputs)
    folder.combine(LOGGED, _logged_model)
    if layout.RUN in folder.after:
        _merge_run(folder)
    record = folder.after.get(layout.RUN)
    contested = folder.is_disputed(layout.RUN) and has_conflict(text.load(folder.read(record)))
    return folder.entry(), contested


def _merge_run(folder: FolderMerge) -> None:
    """The record, with summaries of the points of both sides."""
    folder.combine(layout.RUN, _run)
    if not folder.is_disputed(layout.RUN) and not _has_new_segments(folder):
        return
    run = load_run(folder.read(folder.after[layout.RUN]))
    segments = {
        name: decode_points(folder.read(entry))
        for name, entry in sorted(folder.after.items())
        if layout.is_segment(name)
    }
    found = with_counts(summarize(merge_segments(segments.values())), run.history, segments)
    folder.after[layout.RUN] = dump_run(run._replace(metrics=found))


def _has_new_segments(folder: FolderMerge) -> bool:
    """Whether each side has metric files that the other lacks."""
    ours, theirs = (
        {name for name in side if layout.is_segment(name)} for side in (folder.ours, folder.theirs)
    )
    return bool(ours - theirs and theirs - ours)


def _run(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    return dump_run(load_run(text.dump(merge_record(*docs_of(base, ours, theirs), RUN))))


def _logged_model(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    merged = merge_record(*docs_of(base, ours, theirs), LOGGED_MODEL)
    return dump_logged_model(load_logged_model(text.dump(merged)))


def _inputs(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """Every dataset and model that one of the two names, in an order that both come to."""
    first, second = sorted((load_inputs(ours), load_inputs(theirs)), key=dump_inputs)
    before = load_inputs(base) if base else Inputs()
    datasets = [*before.datasets, *first.datasets, *second.datasets]
    models = [*before.models, *first.models, *second.models]
    return dump_inputs(
        Inputs(
            tuple(one for rank, one in enumerate(datasets) if one not in datasets[:rank]),
            tuple(one for rank, one in enumerate(models) if one not in models[:rank]),
            each(before.extra, first.extra, second.extra),
            max(first.format, second.format),
        )
    )


def _despite_purge(folder: FolderMerge, sides: Sides) -> Entry | None:
    """The side that stays as it is where one of the two purged the run; None where none did."""
    stubs = [_stub(folder, side) for side in (folder.ours, folder.theirs)]
    if stubs == [None, None]:
        return None
    if None not in stubs:  # purged twice: the earlier stub
        pairs = zip(stubs, (sides.ours, sides.theirs), strict=True)
        return min(pairs, key=lambda pair: (pair[0].at, pair[0].by) if pair[0] else (0, ""))[1]
    purged, living = (0, 1) if stubs[0] else (1, 0)
    record = (folder.ours, folder.theirs)[living].get(layout.RUN)
    stub = stubs[purged]
    lives = record is not None and stub is not None and _outlives(folder, record, stub)
    return sides[1 + (living if lives else purged)]


def _stub(folder: FolderMerge, side: dict[str, Entry]) -> Purged | None:
    record = side.get(layout.RUN)
    return load_purged(folder.read(record)) if record else None


def _outlives(folder: FolderMerge, record: Entry, stub: Purged) -> bool:
    """Whether somebody edited the run, or it went on, after it was purged."""
    run: Run = load_run(folder.read(record))
    return any(edit.at > stub.at for edit in run.edits.values()) or (run.end or 0) > stub.at
