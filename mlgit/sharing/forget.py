"""Removing something from the store and its history: what goes, and the commit that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import InvalidState, InvalidValue, NotFound
from mlgit.git import queue
from mlgit.git.commits import ROOT_COMMIT, ROOT_OBJECTS, new_commit
from mlgit.git.edits import apply_edits
from mlgit.git.lock import writer_lock
from mlgit.git.overlay import Overlay
from mlgit.git.tree import Edit
from mlgit.records import layout
from mlgit.records.epoch import Epoch, dump_epoch
from mlgit.records.fields import require_writable
from mlgit.sharing import cleaning
from mlgit.sharing.epoch import moved
from mlgit.sharing.forget_run import run_parts, whole_run
from mlgit.sharing.forget_text import without_text
from mlgit.store.lineage import epoch_at, first_of, strays
from mlgit.store.merge.forgotten import as_forgotten

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

SHORTEST = 4  # letters of a text: what is shorter is everywhere


class Wanted(NamedTuple):
    """What is to be forgotten; with neither runs nor a text, the history alone.

    Attributes:
        folders: Of runs: all they hold, or the parts named here.
        artifacts: Paths, or folders of them.
        params: Keys.
        tags: Keys.
        files: Names of files beside the record, such as `code.patch`.
        text: A text that is taken out of every record of the store.
        reason: Why, for those who find the history gone.
    """

    folders: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    text: str = ""
    reason: str = ""


class Plan(NamedTuple):
    """What would change.

    Attributes:
        edits: Path to new content.
        forgotten: What is listed in `epoch.yaml`.
        held: Files that hold the text and are left as they are: artifacts kept in git, metrics.
    """

    edits: Mapping[str, Edit]
    forgotten: frozenset[str]
    held: tuple[str, ...] = ()


class Forgotten(NamedTuple):
    """What was done.

    Attributes:
        plan: What has changed.
        epoch: The number of the new epoch.
        commit: The tip that it begins with.
        before: The tip that it replaced.
    """

    plan: Plan
    epoch: int
    commit: Oid
    before: Oid


def plan(store: Store, wanted: Wanted) -> Plan:
    """What `forget` would change; nothing is written.

    Raises:
        NotFound: There is no such run, or none of them has such a part.
        InvalidValue: The text is too short to be told from others, or a part cannot go alone.
        InvalidState: A run is still being logged to, or a registered version came from it.
    """
    return _plan(store, store.snapshot(), wanted)


def forget(store: Store, wanted: Wanted) -> Forgotten:
    """Remove it, and begin the history anew without it; caches and reflogs here follow.

    A kill at any moment leaves the old epoch or the new one; what is left to remove then is
    removed by the next call of this, or of `mlgit.sharing.sync`.

    Raises:
        As `plan`; Unsupported: The branch is checked out, or the store is of a newer format.
        StorageFailed, Conflict: The branch could not be written; it is where it was.
    """
    store.make_folders()
    cleaning.settle(store)
    with writer_lock(store.state):
        store.branch.refuse_checked_out()
        queue.drain(store.branch)
        snapshot = store.snapshot()
        require_writable(store.settings.format)
        found = _plan(store, snapshot, wanted)
        epoch = _next_epoch(store, snapshot, found, wanted.reason)
        cleaning.intend(store, [snapshot.commit])
        cleaning.remove_journals(store, epoch)  # before: they could bring back what goes
        commit = _begin_anew(store, snapshot, found, epoch)
        cleaning.clean(store)
    return Forgotten(found, epoch.number, commit, snapshot.commit)


def _plan(store: Store, snapshot: Snapshot, wanted: Wanted) -> Plan:
    if wanted.text:
        _refuse_short(wanted.text)
        return Plan(*without_text(snapshot.objects, snapshot.tree, wanted.text))
    edits: dict[str, Edit] = {}
    forgotten: set[str] = set()
    parts = (wanted.artifacts, wanted.params, wanted.tags, wanted.files)
    for folder in wanted.folders:
        _refuse_live(store, folder)
        if any(parts):
            changes, names = run_parts(snapshot, folder, *parts)
        else:
            changes, names = whole_run(snapshot, folder, times.now_ms(), store.writer), {folder}
        edits.update(changes)
        forgotten |= names
    if wanted.folders and not forgotten:
        raise NotFound("none of these runs has such a part", "mlgit show RUN")
    return Plan(edits, frozenset(forgotten))


def _refuse_short(text: str) -> None:
    if len(text.strip()) < SHORTEST:
        raise InvalidValue(
            f"a text of fewer than {SHORTEST} letters stands in too many places by chance",
            "forget the run, its parameter or its file instead",
        )


def _refuse_live(store: Store, folder: str) -> None:
    run_id = folder.rpartition("/")[2].partition("-")[2]
    if run_id and (store.data / "live" / run_id).exists():
        raise InvalidState(
            f"run {run_id} is still being logged to on this machine",
            "wait until its program has ended, or end it and run `mlgit recover`",
            id=run_id,
        )


def _next_epoch(store: Store, snapshot: Snapshot, found: Plan, reason: str) -> Epoch:
    last = epoch_at(snapshot.objects, snapshot.commit)
    tips = {snapshot.commit, *cleaning.remembered(store).values()}
    return Epoch(
        number=last.number + 1 if last else 2,
        at=max(times.now_ms(), last.at if last else 0),
        by=store.writer,
        reason=reason,
        forgotten=found.forgotten | (last.forgotten if last else frozenset()),
        before=frozenset(tip.decode() for tip in tips) | (last.before if last else frozenset()),
        extra=last.extra if last else {},
    )


def _begin_anew(store: Store, snapshot: Snapshot, found: Plan, epoch: Epoch) -> Oid:
    overlay, branch = Overlay(snapshot.objects), store.branch
    tree, made = apply_edits(overlay, snapshot.tree, found.edits)
    overlay.add_all(made)
    if strays(overlay, snapshot.commit):  # a merge that knew nothing of epochs brought things back
        first = overlay.commit(first_of(overlay, snapshot.commit) or ROOT_COMMIT)
        tree = as_forgotten(overlay, tree, first.tree, epoch.forgotten - found.forgotten)
    tree, made = apply_edits(overlay, tree, {layout.EPOCH: dump_epoch(epoch)})
    subject = f"epoch {epoch.number}: the history before was forgotten"
    message = f"{subject}\n\nMlgit-Epoch: {epoch.number}\n"
    commit = new_commit(tree, (ROOT_COMMIT,), message, branch.repository.config)
    objects = [*ROOT_OBJECTS, *overlay.made.values(), *made]
    landed = branch.land(branch.tip(), objects, commit, subject)
    if landed is None:
        raise moved(store)
    return landed
