"""The files of one folder on three sides, and what stands in it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from mlgit.git.edits import apply_edits
from mlgit.git.tree import TREE_MODE, Edit, Entry, text_of
from mlgit.records import layout

if TYPE_CHECKING:
    from mlgit.git.tree_merge import Sides, TreeMerge

Combine = Callable[["bytes | None", bytes, bytes], bytes]


class FolderMerge:
    """A folder that both sides changed.

    Attributes:
        base: File by its path below the folder, as both sides found it.
        ours: As one side has it.
        theirs: As the other has it.
        after: As it is to be. It begins with what only one side changed; of two contents of one
            path the one of the lower id stands there until a rule says otherwise.
    """

    def __init__(self, merge: TreeMerge, sides: Sides) -> None:
        self._merge = merge
        self.base, self.ours, self.theirs = (dict(self._files(side)) for side in sides)
        self.after: dict[str, Edit] = {}
        for name in sorted({**self.ours, **self.theirs}):
            entry = self._settled(name)
            if entry is not None:
                self.after[name] = entry

    def read(self, entry: Edit) -> bytes:
        """The bytes of a file; none where there is no file."""
        if isinstance(entry, bytes):
            return entry
        return self._merge.read(entry) or b""

    def combine(self, name: str, how: Combine) -> None:
        """Write what `how` makes of three contents, where both sides changed a file."""
        if self.is_disputed(name):
            base = self.base.get(name)
            self.after[name] = how(
                self.read(base) if base else None,
                self.read(self.ours[name]),
                self.read(self.theirs[name]),
            )

    def is_disputed(self, name: str) -> bool:
        """Whether both sides have the file and changed it, each in its own way."""
        base, ours, theirs = (side.get(name) for side in (self.base, self.ours, self.theirs))
        return ours is not None and theirs is not None and len({base, ours, theirs}) == 3

    def entry(self) -> Entry | None:
        """The folder as it is to be; None where nothing is left."""
        if not self.after:
            return None
        oid, made = apply_edits(self._merge.objects, None, self.after)
        self._merge.objects.add_all(made)
        return Entry(TREE_MODE, oid)

    def _settled(self, name: str) -> Entry | None:
        base, ours, theirs = (side.get(name) for side in (self.base, self.ours, self.theirs))
        if ours == theirs or theirs == base:
            return ours
        if ours == base:
            return theirs
        if ours is None or theirs is None:  # taken away here, changed there
            return ours or theirs
        lower, higher = sorted((ours, theirs), key=lambda entry: entry.oid)
        if layout.is_segment(name):
            self.after[_segment_beside(higher)] = higher
        return lower

    def _files(self, folder: Entry | None, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        for name, (mode, oid) in self._merge.listing(folder).items():
            path, entry = prefix + text_of(name), Entry(mode, oid)
            if mode == TREE_MODE:
                yield from self._files(entry, f"{path}/")
            else:
                yield path, entry


def _segment_beside(entry: Entry) -> str:
    """A name for the second of two contents that one sealed segment should never have had."""
    return layout.segment_name(entry.oid[:16].decode("ascii"), 0)
