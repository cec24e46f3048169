"""Two clones of a store as one: a function of three trees that loses nothing.

The rules stand in `docs/format.md`, "Merging". Whoever merges, in whatever order, comes to the
same tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged
from mlgit.git.oid import EMPTY_TREE
from mlgit.git.tree import TREE_MODE, Entry, lookup
from mlgit.git.tree_merge import Sides, TreeMerge
from mlgit.records import layout, text
from mlgit.records.experiment import dump_experiment, load_experiment
from mlgit.records.schema import validate_file
from mlgit.store.merge import registry, settings
from mlgit.store.merge.fields import EXPERIMENT, merge_record
from mlgit.store.merge.lines import merge_lines
from mlgit.store.merge.numbers import renumbered
from mlgit.store.merge.run import merge_run_folder
from mlgit.store.merge.values import docs_of, has_conflict

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid


class Merged(NamedTuple):
    """The merged tree.

    Attributes:
        tree: Its id.
        objects: The new objects it needs: (kind, data).
        open: Paths that a person should look at: a value in conflict, or a file that no rule
            knows and both sides changed.
    """

    tree: Oid
    objects: list[tuple[int, bytes]]
    open: list[str]


def merge_trees(
    objects: Objects, base: Oid | None, ours: Oid, theirs: Oid, *, landed: Oid | None = None
) -> Merged:
    """Merge two trees that came from one.

    Args:
        objects: Where all three are read from.
        base: The tree both came from; None where they have nothing in common.
        ours: One side.
        theirs: The other.
        landed: The tree of the upstream branch as far as it is known: its version numbers stay.

    Raises:
        Damaged: An object of git that is needed cannot be read.
        Unsupported: A record that both sides changed is of a newer format than this version knows.
    """
    merging = _Merging(objects, landed)
    ours, theirs = renumbered(merging.trees, base, ours, theirs, landed)
    entries = (Entry(TREE_MODE, oid) if oid else None for oid in (base, ours, theirs))
    top = merging.trees.entry("", Sides(*entries)) or Entry(TREE_MODE, EMPTY_TREE)
    return Merged(top.oid, list(merging.trees.objects.made.values()), sorted(merging.open))


class _Merging:
    """One merge: which rule each path has, and what is left for a person to decide."""

    def __init__(self, objects: Objects, landed: Oid | None) -> None:
        self.trees = TreeMerge(objects, self._resolved)
        self.open: list[str] = []
        self._landed = landed

    def _resolved(self, merge: TreeMerge, path: str, sides: Sides) -> Entry | None:
        opened = len(self.open)
        try:
            return self._merged(merge, path, sides)
        except Damaged as error:
            if "path" in error.facts:  # git's own object, which another clone may have whole
                raise
            located = layout.parse_path(f"{path}/{layout.RUN}")
            self.open[opened:] = [f"{path}/{layout.RUN}" if located and located.folder else path]
            return self._readable(path, sides)

    def _readable(self, path: str, sides: Sides) -> Entry | None:
        """The side that can be read, where the other is broken: a hostile push ends no merge."""
        whole = [side for side in (sides.ours, sides.theirs) if side and self._is_whole(path, side)]
        return whole[0] if len(whole) == 1 else self._unruled(path, sides)

    def _is_whole(self, path: str, side: Entry) -> bool:
        if side.mode == TREE_MODE:
            path = f"{path}/{layout.RUN}"
            record = self.trees.listing(side).get(layout.RUN.encode())
            if record is None:
                return False
            side = Entry(*record)
        located, data = layout.parse_path(path), self.trees.read(side)
        return located is not None and data is not None and not validate_file(located.kind, data)

    def _merged(self, merge: TreeMerge, path: str, sides: Sides) -> Entry | None:
        modes = {side.mode for side in (sides.ours, sides.theirs) if side is not None}
        if TREE_MODE not in modes:
            return self._file(path, sides)
        if len(modes) > 1:
            self.open.append(path)  # a file here, a folder there: the files of the folder stay
        located = layout.parse_path(f"{path}/{layout.RUN}")
        if located is None or not located.folder:  # `aliases/run.yaml` would be an alias
            return merge.folder(path, sides)
        entry, contested = merge_run_folder(merge, sides)
        self.open += [f"{path}/{layout.RUN}"] if contested else []
        return entry

    def _file(self, path: str, sides: Sides) -> Entry | None:
        if sides.ours is None or sides.theirs is None:  # taken away here, changed there
            self.open.append(path)
            return sides.ours or sides.theirs
        located = layout.parse_path(path)
        rule = _RULES.get(located.kind) if located else None
        base, ours, theirs = (self.trees.read(side) for side in sides)
        if rule is None:
            lines = merge_lines(base, ours, theirs) if located is None else None
            self.open += [path] if located is None and lines is None else []
            return self._unruled(path, sides) if lines is None else self.trees.file(lines)
        merged = rule(base, ours or b"", theirs or b"")
        if has_conflict(text.load(merged)):
            self.open.append(path)
        return self.trees.file(merged)

    def _unruled(self, path: str, sides: Sides) -> Entry | None:
        """What others have already; else the one of the lower id."""
        both = [side for side in (sides.ours, sides.theirs) if side is not None]
        landed = lookup(self.trees.objects, self._landed, path)
        return landed if landed in both else min(both, key=lambda entry: entry.oid)


def _experiment(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    merged = merge_record(*docs_of(base, ours, theirs), EXPERIMENT)
    return dump_experiment(load_experiment(text.dump(merged), ""))


def _epoch(_: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    return max((ours, theirs), key=lambda data: (text.load(data)["epoch"], data))


#: By kind of file, where both sides have it and changed it: base, ours, theirs -> merged.
_RULES: Mapping[str, Callable[[bytes | None, bytes, bytes], bytes]] = {
    "experiment": _experiment,
    "settings": settings.merge_settings,
    "policy": settings.merge_policy,
    "model": registry.merge_model,
    "version": registry.merge_version,
    "alias": registry.merge_pointer,
    "stage": registry.merge_pointer,
    "deployment": registry.merge_latest,
    "approval": registry.merge_latest,
    "epoch": _epoch,
}
