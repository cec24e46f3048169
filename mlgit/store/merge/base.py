"""What two commits came from, also where that is not one commit.

Clones that pull from each other crosswise leave several best common ancestors, none of which has
all that both sides know. Those are merged into one first, as git's recursive strategy does; a value
that they leave in conflict is one that either side may have resolved since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged
from mlgit.git.commits import ROOT_COMMIT, virtual_commit
from mlgit.git.history import merge_bases
from mlgit.git.oid import COMMIT, EMPTY_TREE, Oid
from mlgit.git.overlay import Overlay
from mlgit.store.merge.trees import merge_trees

if TYPE_CHECKING:
    from mlgit.git.objects import Objects

_MOST = 64  # merges for one base; two clones that cross all day need one for every crossing


class Base(NamedTuple):
    """A common past.

    Attributes:
        tree: Its tree; None where there is none, so that every difference counts as one.
        objects: What it can be read from, and all that is on disk.
    """

    tree: Oid | None
    objects: Objects


def common_base(objects: Objects, bases: list[Oid]) -> Base:
    """The best common ancestors of two commits as one tree, the same for whoever asks.

    Where that would take too long, or one of them is damaged, it is as if there were none: then
    nothing is lost, but more is left for a person to decide.
    """
    if len(bases) < 2:
        return Base(tree_of(objects, bases[0]) if bases else None, objects)
    joining = _Joining(objects)
    return Base(joining.tree(bases), joining.objects)


def tree_of(objects: Objects, commit: Oid) -> Oid | None:
    """The tree of a commit; None for the frozen root, which not every clone has."""
    return None if commit == ROOT_COMMIT else objects.commit(commit).tree


class _Joining:
    """Ancestors made one, two at a time; every two once."""

    def __init__(self, objects: Objects) -> None:
        self.objects = Overlay(objects)
        self._known: dict[tuple[Oid, Oid], Oid] = {}

    def tree(self, bases: list[Oid]) -> Oid | None:
        try:
            return tree_of(self.objects, self._joined(bases)) if bases else None
        except (Damaged, _TooMany):
            return None

    def _joined(self, commits: list[Oid]) -> Oid:
        first, *others = commits
        for other in others:
            if (first, other) not in self._known:
                if len(self._known) == _MOST:
                    raise _TooMany
                self._known[first, other] = b""  # counted also while its own base is looked for
                self._known[first, other] = self._merged(first, other)
            first = self._known[first, other]
        return first

    def _merged(self, ours: Oid, theirs: Oid) -> Oid:
        base = self.tree(merge_bases(self.objects, ours, theirs))
        trees = [tree_of(self.objects, commit) or EMPTY_TREE for commit in (ours, theirs)]
        found = merge_trees(self.objects, base, trees[0], trees[1])
        self.objects.add_all(found.objects)
        newest = max(self.objects.commit(commit).commit_time for commit in (ours, theirs))
        return self.objects.add(COMMIT, virtual_commit(found.tree, (ours, theirs), newest))


class _TooMany(Exception):
    """So many crossings that a base would take too long."""
