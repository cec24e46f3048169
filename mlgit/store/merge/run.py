"""One run that two clones changed apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.git.tree import Entry
from mlgit.records import layout, text
from mlgit.records.history import with_counts
from mlgit.records.inputs import Inputs, dump_inputs, load_inputs
from mlgit.records.logged_model import dump_logged_model, load_logged_model
from mlgit.records.metrics import decode_points, merge_segments, summarize
from mlgit.records.run import dump_run, load_run
from mlgit.store.merge.artifacts import merge_artifacts
from mlgit.store.merge.fields import LOGGED_MODEL, RUN, merge_record
from mlgit.store.merge.folder import FolderMerge
from mlgit.store.merge.purged import despite_purge
from mlgit.store.merge.values import docs_of, each, has_conflict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlgit.git.tree_merge import Sides, TreeMerge
    from mlgit.records.run import Run

LOGGED = "logged-model.yaml"


def merge_run_folder(merge: TreeMerge, sides: Sides) -> tuple[Entry | None, bool]:
    """What stands in a run's (or logged model's) folder, and whether a value is in conflict.

    Raises:
        Damaged: A record on one side cannot be read.
    """
    folder = FolderMerge(merge, sides)
    purged = despite_purge(folder, sides)
    if purged is not None:
        return purged, False
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
    names = sorted(filter(layout.is_segment, folder.after))
    segments = {name: folder.read(folder.after[name]) for name in names}
    folder.after[layout.RUN] = dump_run(with_summaries(run, segments))


def with_summaries(run: Run, segments: Mapping[str, bytes]) -> Run:
    """A run whose metrics are those of its metric files, given by name in order.

    Raises:
        Damaged: A file cannot be read.
    """
    points = {name: decode_points(data) for name, data in segments.items()}
    found = summarize(merge_segments(points.values()))
    return run._replace(metrics=with_counts(found, run.history, points))


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
