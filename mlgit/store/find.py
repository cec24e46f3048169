"""Finding runs by walking the names of trees: no record is opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.oid import EMPTY_TREE
from mlgit.git.tree import TREE_MODE
from mlgit.records import layout
from mlgit.records.safe_names import PLAIN_ID, SLUG

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.trees import Trees

_SHARD = re.compile(r"[0-9a-f]")
# What begins with `m-` is a logged model.
_RUN = re.compile(
    rf"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]-(?!m-)(?:{PLAIN_ID}|{SLUG}~[0-9a-f]{{12}})"
)
# A run's or a logged model's: what follows the time stands for its id.
_LEAF = re.compile(
    rf"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]-(?:{PLAIN_ID}|{SLUG}~[0-9a-f]{{12}})"
)


def run_folders(trees: Trees, root: Oid, experiment: str | None = None) -> Iterator[str]:
    """Folders of runs, by experiment folder, day, shard and name; unreadable trees are skipped."""
    return (folder for folder, _ in _runs(trees, root, experiment, _SHARD.fullmatch))


def folders_by_id(trees: Trees, root: Oid, prefix: str) -> list[str]:
    """Folders that may hold a run whose id begins with `prefix`: exact where ids are plain.

    A whole id is looked for in its shard first, a sixteenth of the walk.
    """
    shard = layout.shard(prefix)
    whole = [folder for folder, part in _runs(trees, root, None, shard.__eq__) if part == prefix]
    if whole:
        return whole
    every = _runs(trees, root, None, _SHARD.fullmatch)
    return [folder for folder, part in every if layout.part_may_start(part, prefix)]


def parts_in_shard(trees: Trees, root: Oid, shard: str) -> dict[str, str]:
    """Runs and logged models of one shard: the part that stands for the id -> its folder."""
    found = _runs(trees, root, None, shard.__eq__, _LEAF)
    return {part: folder for folder, part in found}


def model_folders(trees: Trees, root: Oid) -> Iterator[str]:
    """Folders of logged models, in no order that means anything."""
    for above, experiment_tree in _experiments(trees, root, None):
        for day, day_tree in _folders(trees, experiment_tree, _is_day):
            for name, shard_tree in _folders(trees, day_tree, _SHARD.fullmatch):
                try:
                    listing = trees.listing(shard_tree)
                except (NotFound, Damaged):
                    continue
                for leaf in listing:
                    if leaf[7:9] == b"m-":
                        yield f"{above}/{day}/{name}/{leaf.decode('ascii', 'replace')}"


def _runs(
    trees: Trees,
    root: Oid,
    experiment: str | None,
    shard: Callable[[str], object],
    leaf: re.Pattern[str] = _RUN,
) -> Iterator[tuple[str, str]]:
    """(folder, the part of its name that stands for the id) of every run in wanted shards.

    A copy of a folder above runs, which no honest store has, is passed over.
    """
    seen: set[Oid] = set()
    for above, experiment_tree in _experiments(trees, root, experiment):
        for day, day_tree in _folders(trees, _once(experiment_tree, seen), _is_day):
            for name, shard_tree in _folders(trees, _once(day_tree, seen), shard):
                for run, _ in _folders(trees, _once(shard_tree, seen), leaf.fullmatch):
                    part = run[7:]
                    if "~" in part or layout.shard(part) == name:
                        yield f"{above}/{day}/{name}/{run}", part


def _once(oid: Oid, seen: set[Oid]) -> Oid:
    """The tree itself the first time it is met, then the empty one."""
    if oid in seen:
        return EMPTY_TREE
    seen.add(oid)
    return oid


def _is_experiment(name: str) -> bool:
    return layout.parse_path(layout.experiment_path(name)) is not None


def _is_day(name: str) -> bool:
    """Whether runs may have started on a day that is written so."""
    run = f"runs/x/{name}/{layout.shard('x')}/000000-x/{layout.RUN}"
    return layout.parse_path(run) is not None


def _experiments(trees: Trees, root: Oid, experiment: str | None) -> Iterator[tuple[str, Oid]]:
    where = "runs" if experiment is None else f"runs/{experiment}"
    try:
        entry = trees.at(root, where)
    except (NotFound, Damaged):
        return
    if entry is None or entry[0] != TREE_MODE:
        return
    if experiment is not None:
        yield where, entry[1]
        return
    for name, oid in _folders(trees, entry[1], _is_experiment):
        yield f"{where}/{name}", oid


def _folders(trees: Trees, oid: Oid, wanted: Callable[[str], object]) -> Iterator[tuple[str, Oid]]:
    """Wanted folders of one tree by name; none where the tree cannot be read."""
    if oid == EMPTY_TREE:  # which nobody stores
        return
    try:
        listing = trees.listing(oid)
    except (NotFound, Damaged):
        return
    for name, (mode, child) in sorted(listing.items()):
        text = name.decode("ascii", "replace")
        if mode == TREE_MODE and wanted(text):
            yield text, child
