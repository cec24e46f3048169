"""Versions that a merge by others left out: where two took a number, only one is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged
from mlgit.git.tree import lookup, walk
from mlgit.records import layout, text
from mlgit.store.merge.numbers import Move, pointing
from mlgit.store.merge.whole import Mended

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.tree import Edit
    from mlgit.store.merge.values import Doc

_MODELS = "registry/models"


class _Version(NamedTuple):
    model: str
    number: int
    doc: Doc


def lost_versions(
    objects: Objects, trees: tuple[Oid, Oid, Oid], edits: Mapping[str, Edit]
) -> dict[str, Mended]:
    """Each under the next free number, with its stage and all that names it, by path.

    Args:
        objects: Reads the trees.
        trees: What was made of a merge, what ours would have made, where the branch is now.
        edits: What will be changed besides.
    """
    result, wanted, now = trees
    if lookup(objects, wanted, _MODELS) in (None, lookup(objects, result, _MODELS)):
        return {}
    here = [*_versions(objects, now, edits)]
    known = {(one.model, one.doc["uid"]) for one in (*here, *_versions(objects, result))}
    found: dict[str, Mended] = {}
    for lost in _versions(objects, wanted):
        if (lost.model, lost.doc["uid"]) in known:
            continue
        number = 1 + max((one.number for one in here if one.model == lost.model), default=0)
        here.append(lost._replace(number=number))
        was = int(lost.doc.get("renumbered_from", lost.number))
        doc = {**lost.doc, "renumbered_from": was}
        path = layout.version_path(lost.model, number)
        found[path] = Mended(text.dump(doc), "was lost")
        found.update(_stage(objects, wanted, lost, number))
        move = Move(lost.model, str(doc["uid"]), was, number, landed=False)
        found.update(_pointers(objects, now, move))
    return found


def _versions(
    objects: Objects, tree: Oid, edits: Mapping[str, Edit] | None = None
) -> Iterator[_Version]:
    """Every version that can be read, by model and number."""
    files = {path: objects.blob(entry.oid) for path, entry in walk(objects, tree, _MODELS)}
    files.update((path, data) for path, data in (edits or {}).items() if isinstance(data, bytes))
    versions = []
    for path, data in files.items():
        located = layout.parse_path(path)
        if located is not None and located.kind == "version":
            doc = _doc(data)
            versions += [_Version(located.model, located.number, doc)] if "uid" in doc else []
    yield from sorted(versions, key=lambda one: one[:2])


def _stage(
    objects: Objects, wanted: Oid, lost: _Version, number: int
) -> Iterator[tuple[str, Mended]]:
    """The stage of a version that comes back."""
    entry = lookup(objects, wanted, layout.stage_path(lost.model, lost.number))
    if entry is not None:
        yield layout.stage_path(lost.model, number), Mended(objects.blob(entry.oid), "was lost")


def _pointers(objects: Objects, now: Oid, move: Move) -> Iterator[tuple[str, Mended]]:
    """Aliases and deployments that name the version by its old number."""
    for folder in (f"{_MODELS}/{move.model}/aliases", "deployments"):
        for path, entry in walk(objects, now, folder):
            doc = _doc(objects.blob(entry.oid))
            changed = pointing(doc, move)
            if changed != doc:
                yield path, Mended(text.dump(changed), "names the number of another version")


def _doc(data: bytes) -> Doc:
    try:
        return text.load(data)
    except Damaged:
        return {}
