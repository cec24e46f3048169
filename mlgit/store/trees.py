"""Trees of the branch: what lies at a path, without a checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.git.tree import TREE_MODE

if TYPE_CHECKING:
    from mlgit.git.memory import Listing
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.records.experiment import Experiment


class Trees:
    """What all snapshots of one open store share: its trees by path, and its experiments.

    Attributes:
        experiments: By folder, and mode and id of the file.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.experiments: dict[tuple[str, tuple[int, Oid] | None], Experiment] = {}

    def listing(self, oid: Oid) -> Listing:
        """Name -> (mode, id) of one tree.

        Raises:
            NotFound, Damaged: The tree is not here, or cannot be read.
        """
        return self.objects.listing(oid)

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
