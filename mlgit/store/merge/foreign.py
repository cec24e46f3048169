"""Merges that mlgit did not make: by git alone, by the button of a forge, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import MlgitError
from mlgit.git.edits import apply_edits
from mlgit.git.history import commits_since, cut_off, merge_bases
from mlgit.git.oid import EMPTY_TREE
from mlgit.git.overlay import Overlay
from mlgit.records.fields import MALFORMED
from mlgit.store.activity import newest_first
from mlgit.store.merge.base import common_base, tree_of
from mlgit.store.merge.repair import MergeTrees, mended

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.merge.whole import Mended

_MOST = 1000
MERGE_TRAILER = "Mlgit-Merge"  # on every merge that mlgit makes


class Repair(NamedTuple):
    """What has to change after merges by others.

    Attributes:
        merges: Their commits, the oldest first.
        paths: What is wrong, and how it has to be.
        tree: The repaired tree.
        objects: What it needs that is not here: (kind, data).
    """

    merges: list[Oid]
    paths: dict[str, Mended]
    tree: Oid
    objects: list[tuple[int, bytes]]


def needed_repair(objects: Objects, tip: Oid, known: Oid | None = None) -> Repair:
    """What merges by others have lost or broken; the same for whoever asks, `paths` mostly empty.

    Args:
        objects: Where all is read from.
        tip: The commit to repair.
        known: Merges that this earlier commit has are not looked at; None for the whole history.

    Raises:
        Damaged: The history or the tip cannot be read.
    """
    overlay = Overlay(objects)
    merges: list[Oid] = []
    paths: dict[str, Mended] = {}
    tree = tree_of(objects, tip) or EMPTY_TREE
    for merge in foreign_merges(objects, tip, known):
        found = _mended(overlay, merge, tree)
        if found:
            merges.append(merge)
            paths.update(found)
            edits = {path: one.edit for path, one in found.items()}
            tree, made = apply_edits(overlay, tree, edits)
            overlay.add_all(made)
    return Repair(merges, paths, tree, list(overlay.made.values()))


def foreign_merges(objects: Objects, tip: Oid, known: Oid | None = None) -> list[Oid]:
    """Merge commits without our trailer that `tip` came from and `known` did not, oldest first.

    Of very many the newest, so that nobody's history keeps us busy for ever.
    """
    cut = cut_off(objects)
    found = []
    for oid in commits_since(objects, tip, known) if known else _history(objects, tip):
        commit = objects.commit(oid)
        by_us = f"\n{MERGE_TRAILER}: " in commit.message
        if len(commit.parents) > 1 and not by_us and oid not in cut:
            found.append((commit.commit_time, oid))
    return [oid for _, oid in sorted(found)[-_MOST:]]


def _history(objects: Objects, tip: Oid) -> Iterator[Oid]:
    return (oid for oid, _ in newest_first(objects, tip))


def _mended(objects: Objects, merge: Oid, tip: Oid) -> dict[str, Mended]:
    """What one merge got wrong."""
    first, *others = objects.commit(merge).parents
    found: dict[str, Mended] = {}
    for other in others:
        found.update(_mended_of_two(objects, merge, (first, other), tip))
    return found


def _mended_of_two(
    objects: Objects, merge: Oid, sides: tuple[Oid, Oid], tip: Oid
) -> dict[str, Mended]:
    """The same for two of its parents; nothing where they themselves cannot be merged."""
    try:
        base = common_base(objects, merge_bases(objects, *sides))
        ours, theirs = (tree_of(objects, side) or EMPTY_TREE for side in sides)
        made = MergeTrees(base.tree, ours, theirs, objects.commit(merge).tree)
        return mended(base.objects, made, tip)
    except (MlgitError, *MALFORMED):
        return {}
