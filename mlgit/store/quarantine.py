"""What others pushed, without what no store may hold: links, hostile names, copies of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.git.edits import serialize
from mlgit.git.oid import EMPTY_TREE, TREE, Oid, object_id
from mlgit.git.tree import FILE_MODE, TREE_MODE, Entry, is_sorted, text_of
from mlgit.store.entries import refusal

if TYPE_CHECKING:
    from mlgit.git.objects import Objects

_DEEPEST = 64
_RUN_LEVEL = 5  # runs/<experiment>/<day>/<shard>/<run>: no honest two of them are equal
_REGULAR = 0o100000
_NAMED = 1000
_NOTHING: Mapping[bytes, tuple[int, Oid]] = {}


class Held(NamedTuple):
    """One path that was left out, or set right, and why."""

    path: str
    reason: str


class Quarantine(NamedTuple):
    """A tree that holds only what a store may hold.

    Attributes:
        tree: Its id.
        objects: The new objects it needs: (kind, data).
        held: What was left out or set right, by path; at most a thousand of them.
    """

    tree: Oid
    objects: list[tuple[int, bytes]]
    held: list[Held]


def quarantine(objects: Objects, known: Oid | None, tree: Oid) -> Quarantine:
    """`tree` without entries that no store may hold; only what differs from `known` is opened.

    A file with another mode than 100644 stays, as a plain one: it may be somebody's run.

    Raises:
        NotFound: A tree of `known` is not here.
    """
    cleaning = _Cleaning(objects)
    cleaned = cleaning.folder("", known, tree) or EMPTY_TREE
    return Quarantine(cleaned, list(cleaning.made.values()), cleaning.held)


class _Cleaning:
    """One pass over what changed; a tree that stands in several places is read once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.made: dict[Oid, tuple[int, bytes]] = {}
        self.held: list[Held] = []
        self._done: dict[Oid, Oid | None] = {}

    def folder(self, path: str, known: Oid | None, oid: Oid) -> Oid | None:
        """The tree without what it may not hold; None where nothing is left of it."""
        if known == oid:
            return oid
        if oid in self._done:
            return self._again(path, oid)
        self._done[oid] = None
        self._done[oid] = self._cleaned(path, known, oid)
        return self._done[oid]

    def _again(self, path: str, oid: Oid) -> Oid | None:
        depth = path.count("/") + 1
        if path.startswith("runs/") and depth <= _RUN_LEVEL:
            self._hold(path, "is a copy of another folder")
            return None
        return self._done[oid]

    def _cleaned(self, path: str, known: Oid | None, oid: Oid) -> Oid | None:
        try:
            listed = self._entries(path, oid)
        except NotFound:  # a clone that has not everything
            return oid
        if listed is None:
            return None
        before = self._objects.listing(known) if known else _NOTHING
        kept: dict[bytes, Entry] = {}
        for name, mode, child in listed:
            entry = Entry(mode, child)
            if before.get(name) != entry:
                below = f"{path}/{text_of(name)}" if path else text_of(name)
                was = before.get(name)
                sub = was[1] if was and was[0] == TREE_MODE else None
                entry = self._entry(below, name, entry, sub, twice=name in kept) or _NONE
            if entry is not _NONE:
                kept[name] = entry
        same = len(kept) == len(listed) and all(kept[n] == (m, c) for n, m, c in listed)
        return oid if same and is_sorted(listed) else self._made(kept)

    def _entry(
        self, path: str, name: bytes, entry: Entry, known: Oid | None, *, twice: bool
    ) -> Entry | None:
        refused = refusal(name, entry.mode)
        if twice or (refused and refused.code != "hostile-mode"):
            self._hold(path, refused.reason if refused else "stands twice in its folder")
            return None
        if refused:
            self._hold(path, refused.reason)
            is_file = entry.mode & ~0o7777 == _REGULAR and refusal(name, FILE_MODE) is None
            return Entry(FILE_MODE, entry.oid) if is_file else None
        if entry.mode != TREE_MODE:
            return entry
        cleaned = self.folder(path, known, entry.oid)
        return Entry(TREE_MODE, cleaned) if cleaned else None

    def _entries(self, path: str, oid: Oid) -> list[tuple[bytes, int, Oid]] | None:
        if path.count("/") >= _DEEPEST:
            self._hold(path, "is nested too deep")
            return None
        try:
            return self._objects.tree_entries(oid)
        except Damaged as error:
            self._hold(path, f"cannot be read: {error.message}")
            return None

    def _made(self, entries: Mapping[bytes, Entry]) -> Oid | None:
        if not entries:
            return None
        data = serialize(entries)
        oid = object_id(TREE, data)
        self.made[oid] = (TREE, data)
        return oid

    def _hold(self, path: str, reason: str) -> None:
        if len(self.held) < _NAMED:
            self.held.append(Held(path, reason))


_NONE = Entry(0, b"")
