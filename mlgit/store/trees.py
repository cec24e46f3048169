"""Trees of the branch, parsed once: what lies at a path, without a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlgit.git.oid import Oid
from mlgit.git.tree import TREE_MODE

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.records.experiment import Experiment

Listing = Mapping[bytes, tuple[int, Oid]]

_REMEMBERED = 4096  # trees; the upper levels of a store are read for every path


class Trees:
    """Parsed trees by id, shared by all snapshots of one open store, and its experiments.

    Attributes:
        experiments: By folder, and mode and id of the file.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.experiments: dict[tuple[str, tuple[int, Oid] | None], Experiment] = {}
        self._parsed: dict[Oid, Listing] = {}

    def listing(self, oid: Oid) -> Listing:
        """Name -> (mode, id) of one tree.

        Raises:
            NotFound, Damaged: The tree is not here, or cannot be read.
        """
        found = self._parsed.get(oid)
        if found is None:
            found = self.objects.tree(oid)
            if len(self._parsed) >= _REMEMBERED:
                self._parsed.clear()
            self._parsed[oid] = found
        return found

    def at(self, root: Oid, path: str) -> tuple[int, Oid] | None:
        """(mode, id) of what lies at `path` below `root`; None when nothing does."""
        entry: tuple[int, Oid] | None = (TREE_MODE, root)
        for name in path.encode("utf-8", "surrogateescape").split(b"/") if path else ():
            if entry is None or entry[0] != TREE_MODE:
                return None
            entry = self.listing(entry[1]).get(name)
        return entry

    def folder(self, root: Oid, path: str) -> Listing:
        """What is in the folder at `path`; empty when there is none."""
        entry = self.at(root, path)
        return self.listing(entry[1]) if entry is not None and entry[0] == TREE_MODE else {}
