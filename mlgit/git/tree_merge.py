"""Three trees made one: only what both sides changed is looked into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mlgit.git.edits import serialize
from mlgit.git.oid import BLOB, TREE, Oid
from mlgit.git.overlay import Overlay
from mlgit.git.tree import FILE_MODE, TREE_MODE, Entry, refuse_depth, text_of

if TYPE_CHECKING:
    from mlgit.git.memory import Listing
    from mlgit.git.objects import Objects


class Sides(NamedTuple):
    """What three trees have at one path; None where one has nothing."""

    base: Entry | None
    ours: Entry | None
    theirs: Entry | None


class TreeMerge:
    """The merge of three trees, and the objects it has made so far.

    Where both sides changed one path, each in its own way, `resolve` says what stands there
    afterwards; for folders it may call `folder` to go on name by name.

    Attributes:
        objects: Where trees and files are read from; what is new is in `objects.made`.
    """

    def __init__(self, objects: Objects, resolve: Resolve) -> None:
        self.objects = Overlay(objects)
        self._resolve = resolve

    def entry(self, path: str, sides: Sides) -> Entry | None:
        """What stands at a path after the merge; None for nothing."""
        base, ours, theirs = sides
        if theirs in (ours, base):
            return ours
        return theirs if ours == base else self._resolve(self, path, sides)

    def folder(self, path: str, sides: Sides) -> Entry | None:
        """A folder that both sides changed, name by name; a file there counts as no folder.

        Raises:
            Damaged: A tree cannot be read, or is nested deeper than any honest one.
        """
        refuse_depth(path.count("/"), path)
        base, ours, theirs = (self.listing(side) for side in sides)
        merged: dict[bytes, Entry] = {}
        for name in {**ours, **theirs}:
            found = Sides(*(_entry(side.get(name)) for side in (base, ours, theirs)))
            entry = self.entry(f"{path}/{text_of(name)}" if path else text_of(name), found)
            if entry is not None:
                merged[name] = entry
        return self.tree(merged)

    def listing(self, entry: Entry | None) -> Listing:
        """The entries of a tree by name; none where there is no tree."""
        if entry is None or entry.mode != TREE_MODE:
            return {}
        return self.objects.listing(entry.oid)

    def read(self, entry: Entry | None) -> bytes | None:
        """The bytes of a plain file; None where there is none."""
        if entry is None or entry.mode != FILE_MODE:
            return None
        return self.objects.blob(entry.oid)

    def file(self, data: bytes) -> Entry:
        """A file of these bytes, as an entry."""
        return Entry(FILE_MODE, self.objects.add(BLOB, data))

    def tree(self, entries: Mapping[bytes, Entry]) -> Entry | None:
        """A tree of these entries, as an entry; None where there are none."""
        if not entries:
            return None
        oid = self.objects.add(TREE, serialize(entries))
        self.objects.keep_listing(oid, entries)
        return Entry(TREE_MODE, oid)


Resolve: TypeAlias = Callable[[TreeMerge, str, Sides], "Entry | None"]


def _entry(found: tuple[int, Oid] | None) -> Entry | None:
    return Entry(*found) if found else None
