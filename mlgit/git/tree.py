"""Trees: changed in place by path, compared and walked; only what changed is read or written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from mlgit.errors import Damaged, InvalidValue
from mlgit.git.objects import Objects
from mlgit.git.oid import BLOB, EMPTY_TREE, TREE, Oid, object_id

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

_Node: TypeAlias = "dict[bytes, _Node | bytes | Entry | None]"
_Listing = dict[bytes, Entry]


def apply_edits(
    objects: Objects, root: Oid | None, edits: Mapping[str, Edit]
) -> tuple[Oid, list[tuple[int, bytes]]]:
    """Change a tree by path.

    Folders that become empty go away; a file gives way to a folder of its name and the other
    way round. Removing what is not there is no change.

    Args:
        objects: Where the present trees are read from.
        root: The tree to start from; None is the empty one.
        edits: Path (`a/b/c`) to new content.

    Returns:
        The id of the new tree and the new objects (kind, data) it needs that `root` has not,
        blobs first, every tree after its content.

    Raises:
        InvalidValue: A path or mode cannot stand on the branch, or one path lies in another.
    """
    made: list[tuple[int, bytes]] = []
    oid = _apply(objects, root, _nested(edits), made)
    if oid is None:
        oid = EMPTY_TREE
        if root != EMPTY_TREE:
            made.append((TREE, b""))
    made.sort(key=lambda item: item[0] == TREE)  # stable: trees keep their inside-out order
    return oid, made


def _nested(edits: Mapping[str, Edit]) -> _Node:
    top: _Node = {}
    for path, edit in edits.items():
        *folders, name = _parts(path)
        node = top
        for folder in folders:
            below = node.setdefault(folder, {})
            if not isinstance(below, dict):
                raise InvalidValue(f"{path} lies inside a path that is changed itself", path=path)
            node = below
        if name in node:
            raise InvalidValue(f"{path} is changed twice, or holds a path that is", path=path)
        node[name] = _checked(path, edit)
    return top


def _parts(path: str) -> list[bytes]:
    parts = path.encode("utf-8", "surrogateescape").split(b"/")
    if any(part in (b"", b".", b"..") or b"\0" in part for part in parts):
        raise InvalidValue(f"{path!r} is not a path inside the branch", path=path)
    if any(part.lower() == b".git" for part in parts):
        raise InvalidValue(f"{path!r} would be a git folder when checked out", path=path)
    return parts


def _checked(path: str, edit: Edit) -> Edit:
    if isinstance(edit, Entry) and edit.mode not in (FILE_MODE, TREE_MODE):
        raise InvalidValue(f"{path}: mode {edit.mode:o} does not exist on the branch", path=path)
    return edit


def _apply(
    objects: Objects, oid: Oid | None, node: _Node, made: list[tuple[int, bytes]]
) -> Oid | None:
    """The id of the changed tree, or None when nothing is left in it."""
    before = _listing(objects, oid) if oid else {}
    after = dict(before)
    for name, edit in node.items():
        entry = _entry(objects, before.get(name), edit, made)
        if entry is None:
            after.pop(name, None)
        else:
            after[name] = entry
    if after == before:
        return oid if after else None
    if not after:
        return None
    data = _serialize(after)
    made.append((TREE, data))
    return object_id(TREE, data)


def _entry(
    objects: Objects,
    old: Entry | None,
    edit: _Node | Edit,
    made: list[tuple[int, bytes]],
) -> Entry | None:
    if edit is None or isinstance(edit, Entry):
        return edit
    if isinstance(edit, dict):
        below = old.oid if old and old.mode == TREE_MODE else None
        subtree = _apply(objects, below, edit, made)
        if subtree is None and old and old.mode != TREE_MODE and not _adds(edit):
            return old  # removing something "below" a file changes nothing
        return None if subtree is None else Entry(TREE_MODE, subtree)
    entry = Entry(FILE_MODE, object_id(BLOB, edit))
    if entry != old:
        made.append((BLOB, edit))
    return entry


def _adds(node: _Node) -> bool:
    below = node.values()
    return any(_adds(edit) if isinstance(edit, dict) else edit is not None for edit in below)


def _listing(objects: Objects, oid: Oid) -> _Listing:
    return {name: Entry(mode, child) for name, mode, child in objects.tree_entries(oid)}


def _order(item: tuple[bytes, Entry]) -> bytes:
    """Git sorts a folder as if its name ended in a slash."""
    return item[0] + b"/" if item[1].mode == TREE_MODE else item[0]


def _serialize(listing: _Listing) -> bytes:
    from dulwich.objects import ObjectID, serialize_tree

    ordered = sorted(listing.items(), key=_order)
    # git writes 40000, dulwich's four octal digits at least: the same for every mode we know
    return b"".join(serialize_tree((name, e.mode, ObjectID(e.oid)) for name, e in ordered))


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
    _refuse_depth(depth, prefix)
    before = _listing(objects, old) if old else {}
    after = _listing(objects, new) if new else {}
    names = {**before, **after}
    for name, _ in sorted(names.items(), key=_order):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        path = prefix + _text(name)
        yield from _diff(objects, _subtree(was), _subtree(now), f"{path}/", depth + 1)
        was, now = _file(was), _file(now)
        if was != now:
            yield TreeChange(path, was, now)


def _subtree(entry: Entry | None) -> Oid | None:
    return entry.oid if entry and entry.mode == TREE_MODE else None


def _file(entry: Entry | None) -> Entry | None:
    return entry if entry and entry.mode != TREE_MODE else None


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
        path = prefixes[-1] + _text(name)
        if mode == TREE_MODE and len(stack) < depth:
            stack.append(iter(objects.tree_entries(child)))
            prefixes.append(f"{path}/")
        else:
            if mode == TREE_MODE and depth == _DEEPEST:
                _refuse_depth(depth + 1, path)
            yield path, Entry(mode, child)


def lookup(objects: Objects, root: Oid | None, path: str) -> Entry | None:
    """What stands at a path, or None."""
    entry: Entry | None = Entry(TREE_MODE, root) if root else None
    for part in path.encode("utf-8", "surrogateescape").split(b"/"):
        if entry is None or entry.mode != TREE_MODE:
            return None
        found = objects.tree(entry.oid).get(part)
        entry = Entry(*found) if found else None
    return entry


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape").replace("/", "\udc2f")


def _refuse_depth(depth: int, path: str) -> None:
    if depth > _DEEPEST:
        raise Damaged(f"folders are nested too deep at {path[:80]}", path=path, reason="too deep")
