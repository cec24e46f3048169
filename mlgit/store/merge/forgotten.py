"""What a newer epoch has forgotten, made in the records of an older one as it stands in the newer.

Anywhere else an edit beats what was only deleted; here it does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlgit.errors import Damaged
from mlgit.git.edits import apply_edits
from mlgit.git.overlay import Overlay
from mlgit.git.tree import TREE_MODE, Edit, Entry, diff, lookup
from mlgit.records import layout, text
from mlgit.records.artifact import Manifest, dump_manifest, load_manifest
from mlgit.records.artifact_path import is_safe_path
from mlgit.records.epoch import load_epoch, parts_of
from mlgit.records.run import dump_run, load_run
from mlgit.store.merge.fields import copy_field

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.change import Change
    from mlgit.store.merge.values import Doc

_MANIFEST = f"/{layout.ARTIFACTS}"
_RUN = f"/{layout.RUN}"


def as_forgotten(objects: Overlay, older: Oid, newer: Oid, forgotten: frozenset[str]) -> Oid:
    """The tree `older` with all that is forgotten, and the epoch, as `newer` has it.

    Raises:
        Damaged: A tree cannot be read. A record that cannot be is taken from `newer` as a whole.
    """
    edits: dict[str, Edit] = {layout.EPOCH: lookup(objects, newer, layout.EPOCH)}
    for path, parts in parts_of(forgotten).items():
        mine, other = (lookup(objects, tree, path) for tree in (older, newer))
        if mine == other or not _may_go(path, mine, other) or _is_in_one(path, edits):
            continue
        if parts and mine is not None and other is not None:
            edits.update(_with_parts(objects, path, (mine, other), parts))
        else:
            edits[path] = other
    tree, made = apply_edits(objects, older, edits)
    objects.add_all(made)
    return tree


def keep_forgotten(change: Change, folder: str) -> None:
    """Leave out of an edit block what was forgotten of a run: its program may still know it.

    Raises:
        Damaged: `epoch.yaml` cannot be read.
    """
    epoch = load_epoch(change.snapshot.read(layout.EPOCH) or b"")
    named = frozenset(one for one in epoch.forgotten if one.startswith(f"{folder}/"))
    overlay, before = Overlay(change.snapshot.objects), change.snapshot.tree
    tree, made = apply_edits(overlay, before, change.edits())
    overlay.add_all(made)
    for path, _, new in diff(overlay, tree, as_forgotten(overlay, tree, before, named)):
        if new is None:
            change.remove(path)
        else:
            change.put(path, overlay.blob(new.oid))


def _may_go(path: str, *sides: Entry | None) -> bool:
    """Whether it is a file, or the folder of one run: a list that says `runs` takes nothing."""
    is_folder = any(side is not None and side.mode == TREE_MODE for side in sides)
    located = layout.parse_path(f"{path}/{layout.RUN}")
    return is_safe_path(path) and (not is_folder or located is not None)


def _is_in_one(path: str, edits: dict[str, Edit]) -> bool:
    """Whether a folder that the path is in is replaced as a whole; paths come sorted."""
    parts = path.split("/")
    return any("/".join(parts[:count]) in edits for count in range(1, len(parts)))


def _with_parts(
    objects: Overlay, path: str, sides: tuple[Entry, Entry], parts: set[str]
) -> dict[str, Edit]:
    """Parts of a file as the other side has them; with them go artifacts that were kept in git."""
    if TREE_MODE in (sides[0].mode, sides[1].mode):
        return {path: sides[1]}
    mine, other = (objects.blob(side.oid) for side in sides)
    try:
        if path.endswith(_MANIFEST):
            return _manifest(path, load_manifest(mine), load_manifest(other), parts)
        return {path: _record(path, text.load(mine), text.load(other), parts)}
    except Damaged:
        return {path: sides[1]}


def _record(path: str, mine: Doc, other: Doc, parts: Iterable[str]) -> bytes:
    for part in parts if "purged" not in mine else ():
        copy_field(other, mine, part)
        for mark in {**mine.get("edits", {}), **other.get("edits", {})}:
            if mark == part or mark.startswith(f"{part}."):
                _copy_mark(other, mine, mark)
    data = text.dump(mine)
    is_run = path.endswith(_RUN) and "purged" not in mine
    return dump_run(load_run(data)) if is_run else data


def _copy_mark(source: Doc, target: Doc, mark: str) -> None:
    marks = {key: value for key, value in target.get("edits", {}).items() if key != mark}
    if mark in source.get("edits", {}):
        marks[mark] = source["edits"][mark]
    target.pop("edits", None)
    if marks:
        target["edits"] = {key: marks[key] for key in sorted(marks)}


def _manifest(path: str, mine: Manifest, other: Manifest, parts: set[str]) -> dict[str, Edit]:
    kept = [entry for entry in mine if entry.path not in parts]
    after = Manifest(
        [*kept, *(entry for entry in other if entry.path in parts)], mine.extra, mine.format
    )
    folder = path.removesuffix(_MANIFEST)
    used = {entry.inline for entry in after}
    gone = {entry.inline for entry in mine if entry.inline} - used
    edits: dict[str, Edit] = {f"{folder}/{name}": None for name in gone if is_safe_path(name)}
    return {**edits, path: dump_manifest(after)}
