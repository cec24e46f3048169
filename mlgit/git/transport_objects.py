"""What one side of a transfer lacks: found by comparing trees of new commits, not all there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.history import cut_off
from mlgit.git.oid import BLOB, COMMIT, TREE
from mlgit.git.tree import TREE_MODE, refuse_depth

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_SUBMODULE = 0o160000  # its commit is in another repository


class Lacking(NamedTuple):
    """An object to transfer; `like` is one that stood at its place before and differs little."""

    oid: Oid
    kind: int
    like: Oid | None = None


def lacking(objects: Objects, wants: Iterable[Oid], haves: Iterable[Oid]) -> Iterator[Lacking]:
    """Each object once that the commits `wants` need, without what `haves` need; older first.

    What stood in a parent at the same path is left out, so the cost is what changed; what moved
    to another path may be named though the other side has it.

    Args:
        objects: Where all of them are.
        wants: Commits.
        haves: Commits that are here, too.

    Raises:
        NotFound: A commit or tree is missing here; whether a blob is here is not looked at.
        Damaged: One cannot be read.
    """
    cut = cut_off(objects)
    new = _commits(objects, wants, haves, cut)
    seen: set[Oid] = set()
    for oid in sorted(new, key=lambda one: objects.commit(one).commit_time):
        commit = objects.commit(oid)
        parents = () if oid in cut else commit.parents
        before = [objects.commit(parent).tree for parent in parents]
        yield Lacking(oid, COMMIT)
        yield from _trees(objects, commit.tree, before, seen, 0)


def _commits(
    objects: Objects, wants: Iterable[Oid], haves: Iterable[Oid], cut: frozenset[Oid]
) -> list[Oid]:
    """Commits that the one came from and the other did not; some more where clocks have lied."""
    common = dict.fromkeys(wants, False)
    common.update(dict.fromkeys(haves, True))
    queue = [(-objects.commit(oid).commit_time, oid) for oid in common]
    queue.sort()
    while any(not common[oid] for _, oid in queue):
        _, oid = heappop(queue)
        for parent in () if oid in cut else objects.commit(oid).parents:
            known = common.get(parent)
            if known is None or common[oid] > known:
                common[parent] = common[oid]
                heappush(queue, (-objects.commit(parent).commit_time, parent))
    return [oid for oid, known in common.items() if not known]


def _trees(
    objects: Objects, tree: Oid, before: Sequence[Oid], seen: set[Oid], depth: int
) -> Iterator[Lacking]:
    """A tree and what is in it, without what stands in the same place of a tree of `before`."""
    if tree in seen or tree in before:
        return
    refuse_depth(depth, "a folder")
    seen.add(tree)
    yield Lacking(tree, TREE, before[0] if before else None)
    listings = [objects.listing(one) for one in before]
    for name, mode, oid in objects.tree_entries(tree):
        was = [listing[name] for listing in listings if name in listing]
        if (mode, oid) in was or mode == _SUBMODULE:
            continue
        if mode == TREE_MODE:
            inside = [old for kind, old in was if kind == TREE_MODE]
            yield from _trees(objects, oid, inside, seen, depth + 1)
        elif oid not in seen:
            seen.add(oid)
            yield Lacking(oid, BLOB, was[0][1] if was else None)
