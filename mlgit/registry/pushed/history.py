"""How a push goes on from what is there: nothing taken back, nothing from another history."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import commits_since, is_ancestor
from mlgit.store.lineage import ancestors, epoch_at

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid


class Step(NamedTuple):
    """One commit of a push after the one before it; `base` is None where nothing was there."""

    base: Oid | None
    head: Oid


def fresh(objects: Objects, old: Oid | None, new: Oid) -> set[Oid]:
    """The commits that a push adds to a branch.

    Raises:
        NotFound, Damaged: One cannot be read.
    """
    return set(ancestors(objects, [new])) if old is None else commits_since(objects, new, old)


def is_forced(objects: Objects, old: Oid | None, new: Oid) -> bool:
    """Whether a push would take commits away."""
    return old is not None and not is_ancestor(objects, old, new)


def begins_an_epoch(objects: Objects, old: Oid, new: Oid) -> bool:
    """Whether `new` has forgotten something that `old` had not, and nothing came back.

    Raises:
        Damaged, Unsupported: An epoch cannot be read.
    """
    before, after = epoch_at(objects, old), epoch_at(objects, new)
    if after is None or is_ancestor(objects, old, new):
        return False
    lost = (before.forgotten - after.forgotten) if before else frozenset()
    return after.number > (before.number if before else 1) and not lost


def begins_anew(objects: Objects, old: Oid, new: Oid) -> bool:
    """Whether `new` says all that `old` did, and has no history but the root of every store."""
    after = objects.commit(new)
    return after.parents == (ROOT_COMMIT,) and after.tree == objects.commit(old).tree


def other_roots(objects: Objects, commits: set[Oid]) -> list[Oid]:
    """Commits without parents that are not the one with which every store begins."""
    ends = (oid for oid in commits if not objects.commit(oid).parents)
    return sorted(oid for oid in ends if oid != ROOT_COMMIT)


def steps(objects: Objects, old: Oid | None, new: Oid) -> list[Step]:
    """The way from one tip to the other, oldest first: by first parents where they lead there.

    A merge of the old tip into what was made apart from it is one step: nobody has seen the
    commits of its other side on this branch. So is a new epoch, to which no way leads.
    """
    if old is None:
        return [Step(None, new)]
    after = _descendants(objects, old, fresh(objects, old, new)) | {old}
    head, found = new, list[Step]()
    while head != old:
        base = next((one for one in objects.commit(head).parents if one in after), None)
        if base is None:
            return [Step(old, new)]
        found.append(Step(base, head))
        head = base
    return found[::-1]


def _descendants(objects: Objects, old: Oid, commits: set[Oid]) -> set[Oid]:
    """Those of `commits` that came after `old`."""
    children: dict[Oid, list[Oid]] = {}
    for oid in commits:
        for parent in objects.commit(oid).parents:
            children.setdefault(parent, []).append(oid)
    found: set[Oid] = set()
    waiting = [old]
    while waiting:
        new = [one for one in children.get(waiting.pop(), ()) if one not in found]
        found.update(new)
        waiting += new
    return found
