"""Objects that are not on disk, over those that are: trees made only to be compared with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.git.objects import Objects
from mlgit.git.oid import TREE, Oid, object_id

if TYPE_CHECKING:
    from mlgit.git.memory import Listing


class Overlay(Objects):
    """An object store to read from; nothing that is added to it is ever written.

    Attributes:
        made: What was added, by id: (kind, data).
    """

    def __init__(self, beneath: Objects) -> None:
        super().__init__(Path(beneath.directory), beneath.shared)
        self.made: dict[Oid, tuple[int, bytes]] = {}
        self._beneath = beneath

    def add(self, kind: int, data: bytes) -> Oid:
        """Add one object."""
        oid = object_id(kind, data)
        self.made[oid] = kind, data
        return oid

    def add_all(self, items: Iterable[tuple[int, bytes]]) -> None:
        """Add objects (kind, data)."""
        for kind, data in items:
            self.add(kind, data)

    def read(self, oid: Oid) -> tuple[int, bytes]:
        """See `Objects.read`."""
        return self.made.get(oid) or self._beneath.read(oid)

    def listing(self, oid: Oid) -> Listing:
        """See `Objects.listing`."""
        return super().listing(oid) if oid in self.made else self._beneath.listing(oid)

    def reachable(self, root: Oid) -> list[tuple[int, bytes]]:
        """What was added of all that a tree needs: (kind, data)."""
        found: dict[Oid, tuple[int, bytes]] = {}
        waiting = [root]
        while waiting:
            oid = waiting.pop()
            if oid in self.made and oid not in found:
                found[oid] = self.made[oid]
                if found[oid][0] == TREE:
                    waiting += [child for _, child in self.listing(oid).values()]
        return list(found.values())
