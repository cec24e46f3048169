"""An edit block: a few files of the branch changed together, in one commit or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.tree import Edit
    from mlgit.store.snapshot import Snapshot


class Change:
    """The edits of one commit under way.

    Attributes:
        snapshot: The store as it was when the block began.
        message: What the commit says, where the block knows it better than who began it.
        commit: The commit that was made, after the block; None when nothing was changed.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.message = ""
        self.commit: Oid | None = None
        self._edits: dict[str, Edit] = {}

    def put(self, path: str, data: bytes) -> None:
        """Write a file; the last write of a path counts."""
        self._edits[path] = data

    def remove(self, path: str) -> None:
        """Take a file or folder away."""
        self._edits[path] = None

    def edits(self) -> dict[str, Edit]:
        """What would be committed."""
        return dict(self._edits)
