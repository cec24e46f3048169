"""What one side of a transfer lacks: found by comparing trees of new commits, not all there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.history import cut_off
from mlgit.git.oid import BLOB, COMMIT, TAG, TREE, Oid
from mlgit.git.tree import TREE_MODE

if TYPE_CHECKING:
    from mlgit.git.objects import Objects

_Row = tuple[bytes, int, bytes]
_KEPT = 256  # trees; the next commit changes the same few again
_SLACK = 64  # commits
_TAGGED = re.compile(rb"object ([0-9a-f]{40})\n")
_SUBMODULE = 0o160000  # its commit is in another repository


class Lacking(NamedTuple):
    """An object to transfer; `like` is one that stood at its place before and differs little."""

    oid: Oid
    kind: int
    like: Oid | None = None


def lacking(objects: Objects, wants: Iterable[Oid], haves: Iterable[Oid]) -> Iterator[Lacking]:
    """Each object once that `wants` need, without what the commits of `haves` need; older first.

    What stood in a parent at the same path is left out, so the cost is what changed; what moved
    to another path may be named though the other side has it.

    Args:
        objects: Where all of them are.
        wants: Commits, or whatever else a ref may name.
        haves: What both sides have.

    Raises:
        NotFound: A commit or tree is missing here; whether a blob is here is not looked at.
        Damaged: One cannot be read.
    """
    cut = cut_off(objects)
    kinds = _kinds(objects, wants)
    tips = [oid for oid, kind in kinds.items() if kind == COMMIT]
    known = [oid for oid in haves if objects.read(oid)[0] == COMMIT]
    new = _commits(objects, tips, known, cut)
    seen: set[Oid] = set()

    @lru_cache(_KEPT)
    def entries(tree: Oid) -> frozenset[_Row]:
        return frozenset(objects.tree_entries(tree))

    for oid in sorted(new, key=lambda one: objects.commit(one).commit_time):
        commit = objects.commit(oid)
        parents = () if oid in cut else commit.parents
        before = [objects.commit(parent).tree for parent in parents]
        yield Lacking(oid, COMMIT)
        yield from _trees(entries, commit.tree, before, seen)
    for oid, kind in kinds.items():  # a ref may name anything
        if kind == TREE:
            yield from _trees(entries, oid, (), seen)
        elif kind != COMMIT:
            yield Lacking(oid, kind)


def _kinds(objects: Objects, wants: Iterable[Oid]) -> dict[Oid, int]:
    """What is wanted, with what tags among it point to."""
    kinds, left = {}, list(wants)
    while left:
        oid = left.pop()
        kinds[oid], data = objects.read(oid)
        target = _TAGGED.match(data) if kinds[oid] == TAG else None
        if target:
            left.append(Oid(target[1]))
    return kinds


def _commits(
    objects: Objects, wants: Iterable[Oid], haves: Iterable[Oid], cut: frozenset[Oid]
) -> list[Oid]:
    """Commits that the one came from and the other did not, newest first as git finds them.

    Some more where clocks have lied: to send too much does no harm, to look on for ever would.
    """
    common = dict.fromkeys(wants, False)
    common.update(dict.fromkeys(haves, True))
    queue = [(-objects.commit(oid).commit_time, oid) for oid in common]
    queue.sort()
    oldest, slack = -inf, _SLACK
    while queue and slack:
        if all(common[oid] for _, oid in queue):
            # Nothing new is left, but what is as new may yet show that something was in common.
            slack = slack - 1 if queue[0][0] <= oldest else 0
        age, oid = heappop(queue)
        if not common[oid]:
            oldest = max(oldest, age)
        for parent in () if oid in cut else objects.commit(oid).parents:
            known = common.get(parent)
            if known is None or common[oid] > known:
                common[parent] = common[oid]
                heappush(queue, (-objects.commit(parent).commit_time, parent))
    return [oid for oid, known in common.items() if not known]


def _trees(
    entries: Callable[[Oid], frozenset[_Row]], top: Oid, before: Sequence[Oid], seen: set[Oid]
) -> Iterator[Lacking]:
    """A tree and what is in it, without what stands in the same place of a tree of `before`."""
    left = [(top, tuple(before))]  # not by recursion: who made the trees decides how deep they are
    while left:
        tree, olds = left.pop()
        if tree in seen or tree in olds:
            continue
        seen.add(tree)
        yield Lacking(tree, TREE, olds[0] if olds else None)
        now, rows = entries(tree), [entries(one) for one in olds]
        gone = [{name: (mode, oid) for name, mode, oid in old - now} for old in rows]
        for name, mode, oid in sorted(now.difference(*rows), reverse=True):
            was = [one[name] for one in gone if name in one]
            if mode == TREE_MODE:
                left.append((oid, tuple(old for kind, old in was if kind == TREE_MODE)))
            elif mode != _SUBMODULE and oid not in seen:
                seen.add(oid)
                yield Lacking(oid, BLOB, was[0][1] if was else None)
