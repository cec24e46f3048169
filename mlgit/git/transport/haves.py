"""What dulwich tells a remote that we have: the newest commits, never a hundred thousand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from dulwich.objects import ObjectID

from mlgit.git.history import cut_off

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_HAVES = 64  # what a remote has of the branch is among the newest


class Haves:
    """The newest commits that are here, for dulwich to tell the remote of."""

    def __init__(self, objects: Objects, known: Iterable[Oid]) -> None:
        self.shallow = {ObjectID(oid) for oid in cut_off(objects)}
        self._left = _newest(objects, known)

    def __next__(self) -> ObjectID | None:
        return next(self._left, None)

    def ack(self, sha: ObjectID, /) -> None:
        """Nothing to note: there are few."""

    def nak(self) -> None:
        """Nothing to note."""


def _newest(objects: Objects, known: Iterable[Oid]) -> Iterator[ObjectID]:
    cut = cut_off(objects)
    seen = set(known)
    queue: list[tuple[int, Oid]] = []
    for oid in seen:
        heappush(queue, (-objects.commit(oid).commit_time, oid))
    for _ in range(_HAVES):
        if not queue:
            return
        _, oid = heappop(queue)
        yield ObjectID(oid)
        for parent in () if oid in cut else objects.commit(oid).parents:
            if parent not in seen:
                seen.add(parent)
                heappush(queue, (-objects.commit(parent).commit_time, parent))
