"""What a merge by git alone, or by hand, has lost or broken, made good.

A value that a person took from one side, or wrote, stays. What nobody may take away by merging
comes back: runs, their points and artifacts, logged models, versions, experiments. A record that
cannot be read any more, as one with conflict markers, is merged anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import MlgitError
from mlgit.git.overlay import Overlay
from mlgit.git.tree import diff, lookup
from mlgit.records import layout
from mlgit.store.merge.lost_versions import lost_versions
from mlgit.store.merge.mended_folder import mended_folder
from mlgit.store.merge.trees import merge_trees
from mlgit.store.merge.whole import Mended, is_whole

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.tree import TreeChange

_KEPT = frozenset({"experiment", "model", "settings"})  # no side can take these away


class MergeTrees(NamedTuple):
    """A merge that somebody made, as trees.

    Attributes:
        base: What both sides came from; None where they have nothing in common.
        ours: The first parent's.
        theirs: The other's.
        result: What it came to.
    """

    base: Oid | None
    ours: Oid
    theirs: Oid
    result: Oid


def mended(objects: Objects, made: MergeTrees, tip: Oid) -> dict[str, Mended]:
    """What has to change in `tip`, a tree that came after a merge, by path; the same for everyone.

    What was changed since the merge is left as it is.

    Raises:
        Damaged: A side of the merge cannot be read.
    """
    overlay = Overlay(objects)
    found = merge_trees(overlay, made.base, made.ours, made.theirs)
    overlay.add_all(found.objects)
    wanted: dict[str, Mended] = {}
    folders: set[str] = set()
    for change in diff(overlay, made.result, found.tree):
        located = layout.parse_path(change.path)
        if located is not None and located.folder:
            folders.add(located.folder)
        elif located is not None and lookup(overlay, tip, change.path) == change.old:
            wanted.update(_mended_file(overlay, change, located.kind))
    trees = (made.ours, made.theirs, made.result, found.tree, tip)
    for folder in sorted(folders):
        with suppress(MlgitError):  # `check` names what cannot be read; the others are repaired
            wanted.update(mended_folder(overlay, folder, trees))
    broken = {path: one.edit for path, one in wanted.items()}
    return {**wanted, **lost_versions(overlay, trees[2:], broken)}


def _mended_file(objects: Objects, change: TreeChange, kind: str) -> Iterator[tuple[str, Mended]]:
    """A file by itself as it has to be, where it was lost or is broken."""
    if change.new is None:
        return
    if change.old is None:
        if kind in _KEPT:
            yield change.path, Mended(objects.blob(change.new.oid), "was lost")
    elif not is_whole(kind, objects.blob(change.old.oid)):
        yield change.path, Mended(objects.blob(change.new.oid), "cannot be read")
