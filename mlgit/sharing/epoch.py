"""Two histories of one store of which one was given up: never joined, only what is new is taken.

See `epoch.yaml` in `docs/format.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import Conflict, RemoteFailed
from mlgit.git.commits import ROOT_COMMIT, ROOT_OBJECTS, new_commit
from mlgit.git.edits import apply_edits
from mlgit.git.overlay import Overlay
from mlgit.git.reflog_removal import logged
from mlgit.git.transport.protocol import HEADS
from mlgit.git.tree import diff
from mlgit.records import layout
from mlgit.records.epoch import Epoch, dump_epoch
from mlgit.sharing import cleaning
from mlgit.store.lineage import common, epoch_at, first_of, strays
from mlgit.store.merge.forgotten import as_forgotten
from mlgit.store.merge.trees import merge_trees

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Transport
    from mlgit.store.merge.trees import Merged
    from mlgit.store.store import Store


class TakenOver(NamedTuple):
    """What became of the local branch where the two sides were of different epochs.

    Attributes:
        commit: Its tip now.
        merged: Whether a commit was made.
        open: Paths that a person should look at.
        replaces: The other side's commit where its history was given up, so that only a forced
            push, with a lease on that commit, can follow; else None.
        epoch: The epoch that both are to be in.
        guessed: Whether it is not known what both sides had: then what they have was united.
    """

    commit: Oid
    merged: bool
    open: tuple[str, ...]
    replaces: Oid | None
    epoch: int
    guessed: bool


class _Sides(NamedTuple):
    """Both sides, and which of them is the newer epoch; None where each forgot something else."""

    ours: Oid
    theirs: Oid
    mine: Epoch | None
    other: Epoch | None
    newer: Oid | None


def take_over(store: Store, ours: Oid | None, theirs: Oid, source: str) -> TakenOver | None:
    """Take in what `theirs` has without its history, or give up ours; None for one epoch.

    Also None where there is no local branch yet.

    Hold `writer_lock` around this call.

    Raises:
        As `mlgit.sharing.pull.take_in`.
    """
    objects = store.repository.objects
    if ours is None and epoch_at(objects, theirs):
        cleaning.intend(store, ())  # what was fetched before may be of an older epoch
    sides = _sides(objects, ours, theirs) if ours else None
    if sides is None:
        return None
    store.branch.refuse_checked_out()
    overlay = Overlay(store.repository.objects)
    merged, guessed = _merged(store, overlay, sides, source)
    taken = _land(store, overlay, sides, merged, source)
    cleaning.clean(store)
    return taken._replace(guessed=guessed)


def _sides(objects: Objects, ours: Oid, theirs: Oid) -> _Sides | None:
    """None where both are of one epoch, and neither brings back what is older."""
    mine, other = epoch_at(objects, ours), epoch_at(objects, theirs)
    newer = _newer(ours, theirs, mine, other)
    if mine == other:
        impure = bool(strays(objects, ours, theirs)), bool(strays(objects, theirs, ours))
        if impure == (False, False):
            return None
        newer = None if impure == (True, True) else theirs if impure[0] else ours
    return _Sides(ours, theirs, mine, other, newer)


def _newer(ours: Oid, theirs: Oid, mine: Epoch | None, other: Epoch | None) -> Oid | None:
    left, right = (epoch.forgotten if epoch else frozenset() for epoch in (mine, other))
    if left == right:
        return max((mine, ours), (other, theirs), key=lambda side: _rank(side[0]))[1]
    if left < right:
        return theirs
    return ours if right < left else None


def _rank(epoch: Epoch | None) -> tuple[int, bytes]:
    return (epoch.number, dump_epoch(epoch)) if epoch else (1, b"")


def _merged(store: Store, overlay: Overlay, sides: _Sides, source: str) -> tuple[Merged, bool]:
    """The tree of both, and whether what both had is not known."""
    ours, theirs = (overlay.commit(oid).tree for oid in (sides.ours, sides.theirs))
    if sides.newer != sides.ours and sides.other:
        ours = as_forgotten(overlay, ours, _model(overlay, sides, theirs), sides.other.forgotten)
    if sides.newer != sides.theirs and sides.mine:
        before = overlay.commit(sides.ours).tree
        theirs = as_forgotten(overlay, theirs, _model(overlay, sides, before), sides.mine.forgotten)
    base = _base(store, sides, source)
    if base is not None:
        tree = overlay.commit(base).tree
        merged = merge_trees(overlay, tree, ours, theirs, landed=theirs)
        if not any(_lost(overlay, side, merged) for side in (ours, theirs)):
            return merged, False
    return merge_trees(overlay, None, ours, theirs, landed=theirs), True


def _model(objects: Objects, sides: _Sides, tree: Oid) -> Oid:
    """Where to look up what stands in the place of forgotten things: in a side that is clean."""
    first = first_of(objects, sides.ours) if sides.mine == sides.other and not sides.newer else None
    return objects.commit(first).tree if first else tree


def _base(store: Store, sides: _Sides, source: str) -> Oid | None:
    """What both had, through any commit that one of them is known to have had at some time."""
    ours, theirs = [sides.ours, *_before(sides.mine)], [sides.theirs, *_before(sides.other)]
    if sides.newer == sides.ours:
        ours += cleaning.given_up(store)
    else:
        tracking = f"refs/remotes/{source}/{store.branch.name}"
        theirs += logged(store.repository, tracking)
    return common(store.repository.objects, dict.fromkeys(ours), dict.fromkeys(theirs))


def _before(epoch: Epoch | None) -> list[Oid]:
    return [oid.encode() for oid in sorted(epoch.before)] if epoch else []


def _lost(objects: Overlay, side: Oid, merged: Merged) -> bool:
    """Whether a run is missing: then the base was none, as where a remote was set back."""
    seen = Overlay(objects)
    seen.add_all(merged.objects)
    changes = diff(seen, side, merged.tree)
    return any(change.new is None and change.path.endswith(f"/{layout.RUN}") for change in changes)


def _land(store: Store, overlay: Overlay, sides: _Sides, merged: Merged, source: str) -> TakenOver:
    branch, newer = store.branch, sides.newer
    number = max(epoch.number if epoch else 1 for epoch in (sides.mine, sides.other))
    tree, parent = merged.tree, newer or ROOT_COMMIT
    objects = [*overlay.made.values(), *merged.objects]
    if newer is None:
        number += 1
        overlay.add_all(merged.objects)
        data = dump_epoch(_united(store, sides, number))
        tree, made = apply_edits(overlay, tree, {layout.EPOCH: data})
        objects += [*ROOT_OBJECTS, *made]
    replaces = None if newer == sides.theirs else sides.theirs
    done = TakenOver(sides.ours, False, tuple(merged.open), replaces, number, False)
    if newer is not None and branch.repository.objects.commit(newer).tree == tree:
        return done._replace(commit=_go_to(store, sides, newer, source))
    cleaning.intend(store, [oid for oid in (sides.ours, sides.theirs) if oid != newer])
    subject = f"epoch {number}: what is new from {source}"
    message = f"{subject}\n\n[skip ci]\n\nMlgit-Epoch: {number}\n"
    commit = new_commit(tree, (parent,), message, branch.repository.config)
    landed = branch.land(sides.ours, objects, commit, subject)
    if landed is None:
        raise moved(store)
    return done._replace(commit=landed, merged=True)


def _go_to(store: Store, sides: _Sides, newer: Oid, source: str) -> Oid:
    """Make the newer side the branch's tip: the older has nothing new."""
    cleaning.intend(store, [sides.ours if newer == sides.theirs else sides.theirs])
    why = f"pull {source}: a new epoch"
    refs, ref = store.repository.refs, store.branch.ref
    if newer != sides.ours and not refs.compare_and_swap(ref, sides.ours, newer, why):
        raise moved(store)
    return newer


def _united(store: Store, sides: _Sides, number: int) -> Epoch:
    both = [epoch for epoch in (sides.mine, sides.other) if epoch]
    reasons = dict.fromkeys(epoch.reason for epoch in both if epoch.reason)
    before = {sides.ours.decode(), sides.theirs.decode()}
    return Epoch(
        number,
        max(times.now_ms(), *(epoch.at for epoch in both)),
        store.writer,
        " ".join(sorted(reasons)),
        frozenset().union(*(epoch.forgotten for epoch in both)),
        frozenset(before).union(*(epoch.before for epoch in both)),
    )


def refuse_stuck(transport: Transport, taken: TakenOver | None) -> None:
    """Tell a lost race from a remote that lets no branch be replaced.

    Raises:
        RemoteFailed: It still has the branch that was to be replaced.
    """
    replaced = taken.replaces if taken else None
    if replaced is None or transport.tips().get(f"{HEADS}{transport.branch}") != replaced:
        return
    raise RemoteFailed(
        f"{transport.remote} does not let its branch {transport.branch} be replaced, "
        "so that it still has what was forgotten",
        "there: git config receive.denyNonFastForwards false; on a forge: allow forced pushes to "
        "this branch; then run the command again",
        remote=transport.remote,
        said="",
    )


def moved(store: Store) -> Conflict:
    """The error to raise where the branch was moved by a program that does not take our lock."""
    return Conflict(
        f"another program moved the branch {store.branch.name} meanwhile; nothing was written",
        "run the command again",
        branch=store.branch.name,
    )
