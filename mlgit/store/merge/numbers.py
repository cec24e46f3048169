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
    landed: bool  # others know it by the new number, and never by the old one


class _Claim(NamedTuple):
    """A version that stands under a number which the two sides do not agree on.

    Attributes:
        new: Whether its number has not landed.
        created: When it was registered.
        uid: Its id.
        numbers: Those it may have, the best first.
    """

    new: bool
    created: str
    uid: str
    numbers: tuple[int, ...]


def renumbered(
    merge: TreeMerge, base: Oid | None, ours: Oid, theirs: Oid, landed: Oid | None
) -> tuple[Oid, Oid]:
    """Both trees, in which no number stands for two versions and no version has two numbers.

    A landed number stays. Else the number that a version was moved to counts, and of two versions
    the one with the lower (`created`, `uid`) keeps it; the other gets one that nobody had.

    Args:
        merge: Reads the trees and takes in what is made.
        base: What both came from.
        ours: One side.
        theirs: The other.
        landed: The tree of the upstream branch as far as it is known.
    """
    moves: tuple[list[Move], list[Move]] = ([], [])
    for model in _names(merge, ours, _MODELS):
        folder = f"{_MODELS}/{model}/versions"
        folders = [_listing(merge, tree, folder) for tree in (base, ours, theirs, landed)]
        for side, move in _moves(merge, model, folders):
            moves[side].append(move)
    return _moved(merge, ours, moves[0]), _moved(merge, theirs, moves[1])


def _moves(
    merge: TreeMerge, model: str, folders: list[dict[int, Entry]]
) -> Iterator[tuple[int, Move]]:
    _, ours, theirs, landed = folders
    both = ours.keys() | theirs.keys()
    agreed = {number for number in both if ours.get(number) == theirs.get(number)}
    docs = [_docs(merge, folder, agreed) for folder in folders]
    numbers = _assigned(_claims(docs), agreed, both | landed.keys())
    for side, found in enumerate(docs[1:3]):
        for number, doc in found.items():
            uid = _uid(number, doc)
            if numbers[uid] != number:
                new = numbers[uid]
                yield side, Move(model, uid, number, new, landed=new in docs[3])


def _claims(docs: list[dict[int, Doc]]) -> list[_Claim]:
    """Who wants which number, who is to be asked first in front."""
    before, ours, theirs, landed = (
        {_uid(number, doc): number for number, doc in side.items()} for side in docs
    )
    created = {
        _uid(number, doc): str(doc.get("created", ""))
        for side in docs[1:3]
        for number, doc in side.items()
    }
    claims = []
    for uid in {**ours, **theirs}:
        had = {side[uid] for side in (ours, theirs) if uid in side}
        ranked = sorted(had, key=lambda number: (number == before.get(uid), -number))
        settled = [landed[uid]] if uid in landed else []
        claims.append(_Claim(not settled, created[uid], uid, (*settled, *ranked)))
    return sorted(claims)


def _assigned(claims: list[_Claim], held: set[int], used: set[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for claim in claims:
        free = (number for number in claim.numbers if number not in held)
        number = found[claim.uid] = next(free, max(used) + 1)
        held, used = held | {number}, used | {number}
    return found


def _docs(merge: TreeMerge, folder: dict[int, Entry], agreed: set[int]) -> dict[int, Doc]:
    open_ones = {number: entry for number, entry in folder.items() if number not in agreed}
    return {number: text.load(merge.read(entry) or b"") for number, entry in open_ones.items()}


def _uid(number: int, doc: Doc) -> str:
    return str(doc.get("uid", f"#{number}"))  # a damaged file is nobody else's


def _moved(merge: TreeMerge, tree: Oid, moves: list[Move]) -> Oid:
    if not moves:
        return tree
    edits: dict[str, Edit] = dict.fromkeys(
        path for move in moves for path in _paths(move.model, move.old)
    )
    for move in moves:  # after all old places are cleared: two may have changed places
        edits.update(_placed(merge, tree, move))
    for model in {move.model for move in moves}:
        edits.update(_repointed(merge, tree, model, moves))
    changed, made = apply_edits(merge.objects, tree, edits)
    merge.objects.add_all(made)
    return changed


def _paths(model: str, number: int) -> tuple[str, str]:
    return layout.version_path(model, number), layout.stage_path(model, number)


def _placed(merge: TreeMerge, tree: Oid, move: Move) -> Iterator[tuple[str, Edit]]:
    """The version and its stage under the new number."""
    (old, old_stage), (new, stage) = _paths(move.model, move.old), _paths(move.model, move.new)
    version = _load(merge, tree, old)
    version.pop("renumbered_from", None)
    version.update({} if move.landed else {"renumbered_from": move.old})
    yield new, text.dump(version)
    yield stage, lookup(merge.objects, tree, old_stage)


def _repointed(
    merge: TreeMerge, tree: Oid, model: str, moves: list[Move]
) -> Iterator[tuple[str, Edit]]:
    """All that points to one of the versions by its uid."""
    for pointer in _pointers(merge, tree, model):
        doc = changed = _load(merge, tree, pointer)
        for move in moves:
            changed = pointing(changed, move)
        if changed != doc:
            yield pointer, text.dump(changed)


def _pointers(merge: TreeMerge, tree: Oid, model: str) -> Iterator[str]:
    folder = f"{_MODELS}/{model}/aliases"
    yield from (f"{folder}/{name}" for name in _names(merge, tree, folder))
    for target in _names(merge, tree, "deployments"):
        below = f"deployments/{target}"
        yield from (f"{below}/{name}" for name in _names(merge, tree, below))


def pointing(value: Any, move: Move) -> Any:
    """A document, or part of one, with the new number wherever it names the version's uid."""
    if isinstance(value, list):
        return [pointing(one, move) for one in value]
    if not isinstance(value, dict):
        return value
    changed = {key: pointing(one, move) for key, one in value.items()}
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
