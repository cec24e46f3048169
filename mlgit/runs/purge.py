"""Deleting runs for good, and bringing such a run back while history has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import InvalidState
from mlgit.git.tree import walk
from mlgit.records import layout
from mlgit.records.run import Edit, Purged, Run, dump_run, load_run
from mlgit.runs.journals import paths_of
from mlgit.store.named import Sources, sources
from mlgit.store.past import before_purge, stub_of
from mlgit.store.tombstone import tombstone

if TYPE_CHECKING:
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


def require_purgeable(
    store: Store, folder: str, named: Sources | None = None, *, force: bool = False
) -> Run:
    """The run, which may be purged.

    Args:
        store: The store.
        folder: The run's folder.
        named: What came from which run, where the caller knows: finding it takes a walk.
        force: Also a run that is not deleted.

    Raises:
        InvalidState: It is not deleted; it is being logged to here; a registered version or a
            logged model came from it.
        NotFound: It was purged before.
    """
    run = store.snapshot().run(folder)
    if run.lifecycle == "active" and not force:
        raise InvalidState(f"run {run.name} is not deleted", f"mlgit rm {run.id}", id=run.id)
    refuse_live(store, run)
    users = (sources(store.snapshot()) if named is None else named).get(run.id)
    if users:
        raise InvalidState(
            f"run {run.name} is named by {'; '.join(users)}",
            "delete those first",
            id=run.id,
            named=users,
        )
    return run


def refuse_live(store: Store, run: Run) -> None:
    """Raise InvalidState where programs of this clone are logging to a run."""
    if paths_of(store.data, run.id):
        raise InvalidState(
            f"run {run.name} is still being logged to here",
            "wait until its program has ended",
            id=run.id,
        )


def purge(store: Store, folder: str, named: Sources | None = None, *, force: bool = False) -> Run:
    """Take all that a deleted run holds from the branch; a stub stays, and its id is never free.

    The history of the branch still has it: see `restore`.

    Arguments and errors are those of `require_purgeable`.
    """

    def edit(change: Change) -> Run:
        run = require_purgeable(store, folder, named, force=force)
        seen = [run.end or 0, *(edit.at for edit in run.edits.values())]
        seen += [summary.time for summary in run.metrics.values()]
        names = _names(change.snapshot, folder)
        stub = Purged(run.id, max(times.now_ms(), *seen), store.writer)
        _put(change, folder, names, tombstone(names, stub))
        return run

    run = store.snapshot().run(folder)
    return store.apply(edit, f"run: purge {run.name} ({run.id})", {"Mlgit-Run": run.id})


def restore(store: Store, folder: str) -> Run:
    """Bring a purged run back as it was, from the history of the branch, and undeleted.

    Raises:
        InvalidState: It was not purged.
        NotFound, Unsupported: The history here does not reach so far back.
    """

    def edit(change: Change) -> Run:
        snapshot = change.snapshot
        stub = stub_of(snapshot, folder)
        if stub is None:
            raise InvalidState(f"the run in {folder} was not purged")
        files = before_purge(snapshot, folder)
        run = load_run(files[layout.RUN])
        stamp = Edit(max(times.now_ms(), stub.at + 1), store.writer)  # later than the purge
        edits = {**run.edits, "lifecycle": stamp}
        run = run._replace(lifecycle="active", deleted_at=None, edits=edits)
        _put(change, folder, _names(snapshot, folder), {**files, layout.RUN: dump_run(run)})
        return run

    stub = stub_of(store.snapshot(), folder)
    run_id = stub.id if stub else ""
    return store.apply(edit, f"run: restore {run_id}", {"Mlgit-Run": run_id})


def _names(snapshot: Snapshot, folder: str) -> list[str]:
    """Every file below a folder, by its path there."""
    return [path[len(folder) + 1 :] for path, _ in walk(snapshot.objects, snapshot.tree, folder)]


def _put(change: Change, folder: str, before: list[str], after: dict[str, bytes]) -> None:
    """Make the files of a folder those of `after`."""
    for name in before:
        if name not in after:
            change.remove(f"{folder}/{name}")
    for name, data in after.items():
        change.put(f"{folder}/{name}", data)
