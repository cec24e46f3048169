"""Trees compared and walked; only what differs, or was asked for, is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

FILE_MODE = 0o100644
TREE_MODE = 0o040000
_DEEPEST = 64


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


def diff(objects: Objects, old: Oid | None, new: Oid | None) -> Iterator[TreeChange]:
    """Every file that differs between two trees, in tree order; equal subtrees are not opened.

    Raises:
        Damaged: A tree cannot be read, or is nested deeper than any honest one.
    """
    yield from _diff(objects, old, new, "", 0)


def _diff(
    objects: Objects, old: Oid | None, new: Oid | None, prefix: str, depth: int
) -> Iterator[TreeChange]:
    if old == new:
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
        yield from _diff(objects, _subtree(was), _subtree(now), f"{path}/", depth + 1)
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
    it as U+DC2F, so that no such path looks like an honest one.

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
