"""What others have recorded, brought into the local branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mlgit.errors import Conflict, Unsupported
from mlgit.git.commits import new_commit
from mlgit.git.history import commits_since, cut_off, merge_bases
from mlgit.git.lock import writer_lock
from mlgit.git.oid import EMPTY_TREE
from mlgit.sharing.epoch import take_over
from mlgit.sharing.quarantine import quarantined
from mlgit.sharing.repair import mended_tip, repaired
from mlgit.store.merge.base import common_base, tree_of
from mlgit.store.merge.foreign import MERGE_TRAILER
from mlgit.store.merge.trees import merge_trees

if TYPE_CHECKING:
    from mlgit.git.branch import Branch
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.sharing.epoch import TakenOver
    from mlgit.store.quarantine import Held
    from mlgit.store.store import Store


T = TypeVar("T")


class Pulled(NamedTuple):
    """What became of the local branch.

    Attributes:
        before: Its tip; None where there was no local branch.
        after: Its tip now.
        merged: Whether a merge commit was made: both sides had something new.
        open: Paths that a person should look at, such as a value in conflict.
        epoch: What was done where one side had forgotten what the other had not; else None.
        left: Refs of the remote's inbox that could not be taken in: damaged, or no store's.
        over: Refs of the inbox whose commits were taken in without their history.
        held: What others pushed and no store may hold: it was left out, or set right.
        mended: Whether something was brought back that merges without mlgit had lost.
    """

    before: Oid | None
    after: Oid
    merged: bool = False
    open: tuple[str, ...] = ()
    epoch: TakenOver | None = None
    left: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    held: tuple[Held, ...] = ()
    mended: bool = False


def take_in(store: Store, theirs: Oid, source: str) -> Pulled:
    """Bring the local branch to where it has all that `theirs`, a commit of `source`, has.

    No run is dropped and nothing is overwritten: where both sides have something new, they are
    merged by the rules of `docs/format.md`.

    Raises:
        Unsupported: The branch is checked out, or a record is of a newer format.
        Damaged: A record that both sides changed cannot be read.
        StorageFailed, Conflict: The branch could not be written; nothing has changed.
    """
    branch = store.branch
    with writer_lock(store.state):
        ours = branch.tip()
        objects = store.repository.objects
        taken = take_over(store, ours, theirs, source)
        if taken is not None:
            return _cleaned(branch, ours, taken, source)
        tip = mended_tip(branch, theirs)
        with (
            repaired(objects, theirs, tip or theirs) as whole,
            quarantined(objects, whole, tip) as clean,
        ):
            pulled = _taken(branch, tip, clean.commit, source)
            mended = tip != ours or whole != theirs
            return pulled._replace(before=ours, held=clean.held, mended=mended)


def _cleaned(branch: Branch, ours: Oid | None, taken: TakenOver, source: str) -> Pulled:
    """What came with another epoch without what no store may hold."""
    with quarantined(branch.repository.objects, taken.commit, ours) as clean:
        forward(branch, taken.commit, clean.commit, source)
        whole = taken._replace(commit=clean.commit)
        return Pulled(ours, clean.commit, taken.merged, taken.open, whole, held=clean.held)


def _taken(branch: Branch, ours: Oid | None, theirs: Oid, source: str) -> Pulled:
    objects = branch.repository.objects
    bases = merge_bases(objects, ours, theirs) if ours else []
    if ours is None or bases == [ours] or _same(objects, ours, theirs):
        return forward(branch, ours, theirs, source)
    return _merge(branch, bases, ours, theirs, source)


def joined(first: Pulled | None, last: Pulled | None) -> Pulled | None:
    """What two in a row did together."""
    if first is None or last is None:
        return first or last
    return Pulled(
        first.before,
        last.after,
        first.merged or last.merged,
        _both(first.open, last.open),
        first.epoch or last.epoch,  # that of the branch, not of its inbox: it tells how to push
        _both(first.left, last.left),
        _both(first.over, last.over),
        _both(first.held, last.held),
        first.mended or last.mended,
    )


def _both(first: tuple[T, ...], last: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*first, *last)))


def forward(branch: Branch, ours: Oid | None, theirs: Oid, source: str) -> Pulled:
    """Move the branch on to a commit that came from where it is; hold `writer_lock` around this.

    Raises:
        Unsupported: The branch is checked out.
        Conflict: Another program has moved it.
    """
    if ours != theirs:
        branch.refuse_checked_out()
        if not branch.repository.refs.compare_and_swap(branch.ref, ours, theirs, f"pull {source}"):
            raise moved(branch)
    return Pulled(ours, theirs)


def _same(objects: Objects, ours: Oid, theirs: Oid) -> bool:
    same = objects.commit(ours).tree == objects.commit(theirs).tree
    return same and _only_merges(objects, ours, theirs)


def _only_merges(objects: Objects, ours: Oid, theirs: Oid) -> bool:
    """Whether all that is only ours are merges: they are given up where they led nowhere else.

    Two clones that merge the same would otherwise merge each other's merges for ever.
    """
    own = (objects.commit(oid) for oid in commits_since(objects, ours, theirs))
    return all(len(commit.parents) > 1 for commit in own)


def _merge(branch: Branch, bases: list[Oid], ours: Oid, theirs: Oid, source: str) -> Pulled:
    objects = branch.repository.objects
    if not bases and cut_off(objects):
        raise Unsupported(
            "this is a shallow clone, in which the common past of the two sides is missing",
            "git fetch --unshallow",
            branch=branch.name,
        )
    base, upstream = common_base(objects, bases), branch.upstream_tip()
    trees = [tree_of(objects, commit) or EMPTY_TREE for commit in (ours, theirs)]
    landed = tree_of(objects, upstream) if upstream else None
    found = merge_trees(base.objects, base.tree, trees[0], trees[1], landed=landed)
    known = bases == [theirs]  # yet a number that others gave meanwhile may be another one here
    if known and found.tree == trees[0]:
        return Pulled(ours, ours)
    if found.tree == trees[1] and _only_merges(objects, ours, theirs):
        return forward(branch, ours, theirs, source)
    branch.refuse_checked_out()
    subject = f"merge: {source}"
    message = f"{subject}\n\n[skip ci]\n\n{MERGE_TRAILER}: {source}\n"
    parents = (ours,) if known else (theirs, ours)
    data = new_commit(found.tree, parents, message, branch.repository.config)
    commit = branch.land(ours, found.objects, data, subject)
    if commit is None:
        raise moved(branch)
    return Pulled(ours, commit, merged=not known, open=tuple(found.open))


def moved(branch: Branch) -> Conflict:
    """The error to raise where the branch was moved by a program that does not take our lock."""
    return Conflict(
        f"another program moved the branch {branch.name} meanwhile; nothing was written",
        "run the command again",
        branch=branch.name,
    )
