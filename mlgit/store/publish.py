"""Publishing: a new run through the queue of writers, one that is there already by an edit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.records import layout
from mlgit.records.artifact import load_manifest
from mlgit.records.run import Run, dump_run
from mlgit.store.publication import Publication, item_of, keep_edits

if TYPE_CHECKING:
    from mlgit.git.item import Item
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot


def prepare(snapshot: Snapshot, publication: Publication) -> Item:
    """The publication as an item, its experiment looked up where it was not given.

    Raises:
        NotFound: The experiment was not given and is not on the branch.
        InvalidValue: The run does not fit the hard limit of `run.yaml`.
    """
    wanted = publication.run.experiment_id
    experiment = publication.experiment or snapshot.experiment_by_id(wanted)
    if experiment is None:
        raise NotFound(f"there is no experiment {wanted}", "create it first", id=wanted)
    return item_of(publication, experiment)


def put_again(change: Change, run: Run, item: Item) -> None:
    """Put the item of a run that is on the branch: keep edits made there, drop what it replaced.

    Only under the writer lock is it known what people changed there meanwhile, so such a run
    waits for no shared commit.
    """
    with suppress(Damaged):  # what cannot be read is replaced by a whole record
        run = keep_edits(change.snapshot.run(item.folder), run)
    for name in _replaced(change.snapshot, item):
        change.remove(f"{item.folder}/{name}")
    for path, data in item.defaults.items():
        if change.snapshot.read(path) is None:
            change.put(path, data)
    for name, data in {**item.files, layout.RUN: dump_run(run)}.items():
        change.put(f"{item.folder}/{name}", data)
    if change.snapshot.read(layout.EPOCH) is not None:
        from mlgit.store.merge.forgotten import keep_forgotten

        keep_forgotten(change, item.folder)


def put_all(change: Change, runs: Sequence[Run], items: Sequence[Item]) -> None:
    """Put the items of several runs, on the branch or new; of a default the first counts."""
    made: dict[str, bytes] = {}
    for run, item in zip(runs, items, strict=True):
        if change.snapshot.names(item.folder):
            put_again(change, run, item)
            continue
        for name, data in item.files.items():
            change.put(f"{item.folder}/{name}", data)
        for path, data in item.defaults.items():
            made.setdefault(path, data)
    for path, data in made.items():
        if change.snapshot.read(path) is None:
            change.put(path, data)


def _replaced(snapshot: Snapshot, item: Item) -> set[str]:
    """Artifacts kept in git that the new manifest names no more."""
    manifest = item.files.get(layout.ARTIFACTS)
    if manifest is None:
        return set()
    kept = {entry.inline for entry in load_manifest(manifest)} | set(item.files)
    before: set[str] = set()
    with suppress(Damaged):
        before = {entry.inline for entry in snapshot.manifest(item.folder)}
    return {name for name in before - kept if name.startswith("files/")}
