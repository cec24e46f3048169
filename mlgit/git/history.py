"""How commits descend from each other; only as far back as the answer needs."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_OURS, _THEIRS, _STALE = 1, 2, 4


def is_ancestor(objects: Objects, old: Oid, new: Oid) -> bool:
    """Whether `new` is `old` or came after it.

    Raises:
        NotFound: History is cut off before that can be known, as in a shallow clone.
    """
    return old == new or merge_bases(objects, old, new) == [old]


def merge_bases(objects: Objects, ours: Oid, theirs: Oid) -> list[Oid]:
    """The best common ancestors of two commits, sorted; none where they share no past.

    Both sides are painted backwards, newest first, as git does it; what both colours reach is
    common, and what only stale commits reach is no better than what was found.

    Raises:
        NotFound: As `is_ancestor`.
    """
    if ours == theirs:
        return [ours]
    colours: dict[Oid, int] = {ours: _OURS, theirs: _THEIRS}
    queue: list[tuple[int, Oid]] = []
    for oid in (ours, theirs):
        heappush(queue, (-objects.commit(oid).commit_time, oid))
    found: set[Oid] = set()
    while any(not colours[oid] & _STALE for _, oid in queue):
        _, oid = heappop(queue)
        colour = colours[oid]
        if colour & (_OURS | _THEIRS) == _OURS | _THEIRS and not colour & _STALE:
            found.add(oid)
            colour |= _STALE
        for parent in objects.commit(oid).parents:
            if colours.get(parent, 0) | colour != colours.get(parent, 0):
                colours[parent] = colours.get(parent, 0) | colour
                heappush(queue, (-objects.commit(parent).commit_time, parent))
    return sorted(_independent(objects, found, colours))


def _independent(objects: Objects, found: set[Oid], colours: dict[Oid, int]) -> set[Oid]:
    """Those that no other of them came after."""
    older: set[Oid] = set()
    for oid in found:
        waiting = list(objects.commit(oid).parents)
        while waiting and len(found) > 1:
            parent = waiting.pop()
            if parent in older or parent not in colours:
                continue
            older.add(parent)
            waiting += objects.commit(parent).parents
    return found - older


def commits_since(objects: Objects, tip: Oid, known: Oid | None) -> Iterator[Oid]:
    """Commits of `tip` that `known` has not, newest first."""
    hidden = set() if known is None else {known}
    queue = [(-objects.commit(oid).commit_time, oid) for oid in {tip} | hidden]
    queue.sort()
    seen = {tip} | hidden
    while any(oid not in hidden for _, oid in queue):
        _, oid = heappop(queue)
        if oid not in hidden:
            yield oid
        for parent in objects.commit(oid).parents:
            if oid in hidden:
                hidden.add(parent)
            if parent not in seen:
                seen.add(parent)
                heappush(queue, (-objects.commit(parent).commit_time, parent))
