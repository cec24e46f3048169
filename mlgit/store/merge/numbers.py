"""Version numbers that two clones gave to different versions: one of them moves on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.git.edits import apply_edits
from mlgit.git.tree import TREE_MODE, Edit, Entry, lookup, text_of
from mlgit.records import layout, text

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.tree_merge import TreeMerge
    from mlgit.store.merge.values import Doc

_MODELS = "registry/models"


class Move(NamedTuple):
    """A version that gets another number."""

    model: str
    uid: str
    old: int
    new: int


def renumbered(
    merge: TreeMerge, base: Oid | None, ours: Oid, theirs: Oid, *, landed: bool
) -> tuple[Oid, Oid]:
    """Both trees, in which no number stands for two versions any more.

    Args:
        merge: Reads the trees and takes in what is made.
        base: What both came from: a number that one side left as it was is not in dispute.
        ours: One side.
        theirs: The other.
        landed: Whether the numbers of `theirs` are settled, so that ours move; else of two
            versions the one with the lower (`created`, `uid`) keeps the number.
    """
    moves: tuple[list[Move], list[Move]] = ([], [])
    for model in _names(merge, ours, _MODELS):
        for side, move in _moves(merge, model, (base, ours, theirs), landed=landed):
            moves[side].append(move)
    return _moved(merge, ours, moves[0]), _moved(merge, theirs, moves[1])


def _moves(
    merge: TreeMerge, model: str, trees: tuple[Oid | None, Oid, Oid], *, landed: bool
) -> Iterator[tuple[int, Move]]:
    before, *folders = (_listing(merge, tree, f"{_MODELS}/{model}/versions") for tree in trees)
    used = {number for folder in folders for number in folder}
    for number in sorted(folders[0].keys() & folders[1].keys()):
        entries = [folder[number] for folder in folders]
        if entries[0] == entries[1] or before.get(number) in entries:
            continue
        docs = [text.load(merge.read(entry) or b"") for entry in entries]
        if docs[0]["uid"] == docs[1]["uid"]:
            continue
        side = 0 if landed or _rank(docs[0]) > _rank(docs[1]) else 1
        uid = str(docs[side]["uid"])
        new = _number_of(merge, uid, folders[1 - side]) or max(used) + 1
        used.add(new)
        yield side, Move(model, uid, number, new)


def _number_of(merge: TreeMerge, uid: str, folder: dict[int, Entry]) -> int:
    """The number under which the other side has the version already; 0 where it has not."""
    for number, entry in folder.items():
        if text.load(merge.read(entry) or b"").get("uid") == uid:
            return number
    return 0


def _rank(doc: Doc) -> tuple[str, str]:
    return str(doc["created"]), str(doc["uid"])


def _moved(merge: TreeMerge, tree: Oid, moves: list[Move]) -> Oid:
    edits: dict[str, Edit] = {}
    for move in moves:
        edits.update(_edits(merge, tree, move))
    if not edits:
        return tree
    changed, made = apply_edits(merge.objects, tree, edits)
    merge.add(made)
    return changed


def _edits(merge: TreeMerge, tree: Oid, move: Move) -> Iterator[tuple[str, Edit]]:
    """The version and its stage under the new number, and all that points to it by its uid."""
    path = layout.version_path(move.model, move.old)
    yield path, None
    version = {**_load(merge, tree, path), "renumbered_from": move.old}
    yield layout.version_path(move.model, move.new), text.dump(version)
    stage = layout.stage_path(move.model, move.old)
    if lookup(merge.objects, tree, stage) is not None:
        yield layout.stage_path(move.model, move.new), lookup(merge.objects, tree, stage)
        yield stage, None
    for pointer in _pointers(merge, tree, move.model):
        doc = _load(merge, tree, pointer)
        changed = _pointing(doc, move)
        if changed != doc:
            yield pointer, text.dump(changed)


def _pointers(merge: TreeMerge, tree: Oid, model: str) -> Iterator[str]:
    folder = f"{_MODELS}/{model}/aliases"
    yield from (f"{folder}/{name}" for name in _names(merge, tree, folder))
    for target in _names(merge, tree, "deployments"):
        below = f"deployments/{target}"
        yield from (f"{below}/{name}" for name in _names(merge, tree, below))


def _pointing(value: Any, move: Move) -> Any:
    """A document, or part of one, with the new number wherever it names the version's uid."""
    if isinstance(value, list):
        return [_pointing(one, move) for one in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _pointing(one, move) for key, one in value.items()}
    if changed.get("uid") == move.uid and changed.get("version") == move.old:
        changed["version"] = move.new
    return changed


def _load(merge: TreeMerge, tree: Oid, path: str) -> Doc:
    return text.load(merge.read(lookup(merge.objects, tree, path)) or b"")


def _names(merge: TreeMerge, tree: Oid, folder: str) -> list[str]:
    return sorted(text_of(name) for name in merge.listing(lookup(merge.objects, tree, folder)))


def _listing(merge: TreeMerge, tree: Oid | None, folder: str) -> dict[int, Entry]:
    found = merge.listing(lookup(merge.objects, tree, folder))
    numbers = {text_of(name).removesuffix(".yaml"): Entry(*entry) for name, entry in found.items()}
    return {
        int(name): entry
        for name, entry in numbers.items()
        if name.isdecimal() and entry.mode != TREE_MODE
    }
