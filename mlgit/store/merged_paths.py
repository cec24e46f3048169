"""The paths that merges made what neither side had, over the whole history of a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off
from mlgit.git.tree import TREE_MODE, text_of, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.snapshot import Snapshot

_REPAIR = b"\nMlgit-Repair: "  # a commit that does a merge's work anew


def merged_paths(snapshot: Snapshot) -> set[str]:
    """Paths of files that some merge changed on both sides; all where the history does not reach.

    Raises:
        NotFound, Damaged: The history cannot be read.
    """
    objects = snapshot.objects
    found: set[str] = set()
    for oid, parents in _joints(objects, snapshot.commit):
        tree = objects.commit(oid).tree
        if parents:
            before = [objects.commit(parent).tree for parent in parents]
            found.update(_differing(objects, tree, before, ""))
        else:
            found.update(path for path, _ in walk(objects, tree))
    return found


def _joints(objects: Objects, tip: Oid) -> Iterator[tuple[Oid, list[Oid]]]:
    """Merges, repairs and commits without a past, with their parents."""
    cut, seen, rest = cut_off(objects), {tip, ROOT_COMMIT}, [tip]
    while rest:
        oid = rest.pop()
        if oid == ROOT_COMMIT:
            continue
        data = objects.read(oid)[1]
        lines = data.partition(b"\nauthor ")[0].split(b"\n")
        parents = [] if oid in cut else [line[7:] for line in lines if line[:7] == b"parent "]
        if len(parents) != 1 or _REPAIR in data:
            yield oid, [parent for parent in parents if parent != ROOT_COMMIT]
        new = [parent for parent in parents if parent not in seen]
        seen.update(new)
        rest += new


def _differing(objects: Objects, tree: Oid, others: Sequence[Oid], prefix: str) -> Iterator[str]:
    """Files of a tree that none of the others has so."""
    listings = [objects.listing(other) for other in others]
    for name, entry in objects.listing(tree).items():
        found = [listing.get(name) for listing in listings]
        if entry in found:
            continue
        path = prefix + text_of(name)
        if entry[0] == TREE_MODE:
            below = [one[1] for one in found if one and one[0] == TREE_MODE]
            if below:
                yield from _differing(objects, entry[1], below, f"{path}/")
            else:
                yield from (f"{path}/{inside}" for inside, _ in walk(objects, entry[1]))
        else:
            yield path
