"""Trees compared and walked; only what differs, or was asked for, is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

FILE_MODE = 0o100644
TREE_MODE = 0o040000
_DEEPEST = 64
_COPIES = 20_000


class Entry(NamedTuple):
    """What stands at a path: its mode as git writes it, and the object."""

    mode: int
    oid: Oid


class TreeChange(NamedTuple):
    """One path that differs between two trees; None where the path does not exist."""

    path: str
    old: Entry | None
    new: Entry | None


Edit = bytes | Entry | None
"""New content of a file, an object that is stored already, or None to remove the path."""


def tree_order(item: tuple[bytes, tuple[int, Oid]]) -> bytes:
    """Git sorts a folder as if its name ended in a slash."""
    return item[0] + b"/" if item[1][0] == TREE_MODE else item[0]


class Copies:
    """Counts how often a walk comes to folders it has been in: a bomb is made of such."""

    def __init__(self) -> None:
        self._seen: set[object] = set()
        self._again = 0

    def too_many(self, folder: object) -> bool:
        """Whether this folder was seen before, and that has happened far too often by now."""
        if folder not in self._seen:
            self._seen.add(folder)
            return False
        self._again += 1
        return self._again > _COPIES + 8 * len(self._seen)


def is_sorted(entries: Sequence[tuple[bytes, int, Oid]]) -> bool:
    """Whether entries (name, mode, id) stand in git's order; equal names do."""
    names = [name + b"/" if mode == TREE_MODE else name for name, mode, _ in entries]
    return names == sorted(names)


def diff(objects: Objects, old: Oid | None, new: Oid | None) -> Iterator[TreeChange]:
    """Every file that differs between two trees, in tree order; equal subtrees are not opened.

    A folder that stands in very many places is passed over from some place on: a few kilobytes of
    nested copies would else be more paths than can ever be walked.

    Raises:
        Damaged: A tree cannot be read, or is nested deeper than any honest one.
    """
    yield from _diff(objects, old, new, "", Copies())


def _diff(
    objects: Objects, old: Oid | None, new: Oid | None, prefix: str, copies: Copies
) -> Iterator[TreeChange]:
    depth = prefix.count("/")
    if old == new or copies.too_many((old, new)):
        return
    refuse_depth(depth, prefix)
    before = objects.tree(old) if old else {}
    after = objects.tree(new) if new else {}
    names = {**before, **after}
    for name, _ in sorted(names.items(), key=tree_order):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        path = prefix + text_of(name)
        yield from _diff(objects, _subtree(was), _subtree(now), f"{path}/", copies)
        left, right = _file(was), _file(now)
        if left != right:
            yield TreeChange(path, left, right)


def _subtree(entry: tuple[int, Oid] | None) -> Oid | None:
    return entry[1] if entry and entry[0] == TREE_MODE else None


def _file(entry: tuple[int, Oid] | None) -> Entry | None:
    return Entry(*entry) if entry and entry[0] != TREE_MODE else None


def walk(
    objects: Objects, root: Oid | None, prefix: str = "", *, depth: int = _DEEPEST
) -> Iterator[tuple[str, Entry]]:
    """Every file below `prefix` with its path, in tree order, streamed.

    Entries come as stored, also ones that should not be there; a name that holds a slash shows
    it as U+DC2F, so that no such path looks like an honest one. Copies: as in `diff`.

    Args:
        objects: Where trees are read from.
        root: The tree to walk; None is the empty one.
        prefix: A folder inside it; nothing is yielded where it does not exist.
        depth: How many levels below `prefix` to open; folders at that level are yielded unopened.

    Raises:
        Damaged: A tree cannot be read, or is nested deeper than any honest one.
    """
    start = Entry(TREE_MODE, root) if root else None
    folder = prefix.strip("/")
    if start and folder:
        start = lookup(objects, start.oid, folder)
    if start and start.mode == TREE_MODE:
        yield from _walk(objects, start.oid, f"{folder}/" if folder else "", depth)


def _walk(objects: Objects, oid: Oid, prefix: str, depth: int) -> Iterator[tuple[str, Entry]]:
    copies = Copies()
    stack = [iter(objects.tree_entries(oid))]
    prefixes = [prefix]
    while stack:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            prefixes.pop()
            continue
        name, mode, child = step
        path = prefixes[-1] + text_of(name)
        if mode == TREE_MODE and len(stack) < depth:
            if not copies.too_many(child):
                stack.append(iter(objects.tree_entries(child)))
                prefixes.append(f"{path}/")
        else:
            if mode == TREE_MODE and depth == _DEEPEST:
                refuse_depth(depth + 1, path)
            yield path, Entry(mode, child)


def lookup(objects: Objects, root: Oid | None, path: str) -> Entry | None:
    """What stands at a path, or None."""
    entry: Entry | None = Entry(TREE_MODE, root) if root else None
    for part in path.encode("utf-8", "surrogateescape").split(b"/"):
        if entry is None or entry.mode != TREE_MODE:
            return None
        found = objects.listing(entry.oid).get(part)
        entry = Entry(*found) if found else None
    return entry


def text_of(name: bytes) -> str:
    """A name of a tree as text; a slash in it, as in a hostile tree, is made harmless."""
    return name.decode("utf-8", "surrogateescape").replace("/", "\udc2f")


def refuse_depth(depth: int, path: str) -> None:
    """Raise `Damaged` where a tree is nested deeper than any honest one."""
    if depth > _DEEPEST:
        raise Damaged(f"folders are nested too deep at {path[:80]}", path=path, reason="too deep")
