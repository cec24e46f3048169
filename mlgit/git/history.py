"""How commits descend from each other; only as far back as the answer needs."""

from __future__ import annotations

from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.git.files import read_file

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_OURS, _THEIRS, _STALE = 1, 2, 4
_BOTH = _OURS | _THEIRS


def is_ancestor(objects: Objects, old: Oid, new: Oid) -> bool:
    """Whether `new` is `old` or came after it, as far as the history reaches here."""
    return old == new or merge_bases(objects, old, new) == [old]


def merge_bases(objects: Objects, ours: Oid, theirs: Oid) -> list[Oid]:
    """The best common ancestors of two commits, sorted; none where they share no past."""
    colours = _painted(objects, ours, theirs)
    common = {oid for oid, colour in colours.items() if colour == _BOTH}
    return sorted(common)


def commits_since(objects: Objects, tip: Oid, known: Oid) -> set[Oid]:
    """Commits that `tip` came from, itself included, and `known` did not."""
    colours = _painted(objects, tip, known)
    return {oid for oid, colour in colours.items() if colour == _OURS}


def cut_off(objects: Objects) -> frozenset[Oid]:
    """The commits of a shallow clone whose parents are not here; none in a whole one."""
    try:
        return frozenset(read_file(Path(objects.directory).parent / "shallow").split())
    except FileNotFoundError:
        return frozenset()


def _painted(objects: Objects, ours: Oid, theirs: Oid) -> dict[Oid, int]:
    """What each side came from, in its colour, as far back as one side alone reaches.

    As git does it, newest first. What both reach is common, and what a common one came from is
    stale: no better answer. Clocks may lie, so that a commit is met before what tells its colour;
    every new colour is passed on to all that was painted already.
    """
    colours = {ours: _OURS}
    colours[theirs] = colours.get(theirs, 0) | _THEIRS
    cut = cut_off(objects)
    queue = [(-objects.commit(oid).commit_time, oid) for oid in colours]
    queue.sort()
    while queue:
        news = any(colours[oid] in (_OURS, _THEIRS) for _, oid in queue)
        _, oid = heappop(queue)
        both = colours[oid] & _BOTH == _BOTH
        for parent in () if oid in cut else objects.commit(oid).parents:
            known = colours.get(parent, 0)
            colour = known | colours[oid] | (_STALE if both else 0)
            if colour != known and (news or known):
                colours[parent] = colour
                heappush(queue, (-objects.commit(parent).commit_time, parent))
    return colours
