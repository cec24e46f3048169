"""The store as of one commit: every record read by path, nothing checked out, nothing written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mlgit.errors import Ambiguous, Damaged, MlgitError, NotFound
from mlgit.git.tree import FILE_MODE, TREE_MODE, TreeChange, diff
from mlgit.records import layout, text
from mlgit.records.artifact import Manifest, load_manifest
from mlgit.records.experiment import Experiment, load_experiment
from mlgit.records.fields import FORMAT, format_of
from mlgit.records.inputs import Inputs, load_inputs
from mlgit.records.located import segment_order
from mlgit.records.metrics import Point, decode_points, merge_segments, points_of
from mlgit.records.run import Run, load_run
from mlgit.records.settings import Settings, load_settings
from mlgit.store.find import folders_by_id, model_folders, parts_in_shard, run_folders

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.trees import Trees

T = TypeVar("T")


class Damage(NamedTuple):
    """A record that cannot be used, and why; the others can."""

    path: str
    reason: str


class Snapshot:
    """The branch at one commit; it never changes.

    Attributes:
        commit: The commit it shows.
        ref: Where that was found: the local branch, or a remote-tracking one.
        objects: The objects it is read from.
    """

    def __init__(self, trees: Trees, commit: Oid, ref: str = "") -> None:
        self.commit, self.ref = commit, ref
        self.objects = trees.objects
        self._trees = trees
        self._shards: dict[str, dict[str, str]] = {}

    @cached_property
    def tree(self) -> Oid:
        """Its root tree."""
        return self.objects.commit(self.commit).tree

    def read(self, path: str) -> bytes | None:
        """The file at `path`; None when there is none.

        Raises:
            Damaged: It is a link, a submodule or an executable, or it cannot be read.
        """
        entry = self._at(path)
        if entry is None or entry[0] == TREE_MODE:
            return None
        if entry[0] != FILE_MODE:
            raise _damaged(path, f"it has mode {entry[0]:o}, which is no plain file")
        try:
            return self.objects.blob(entry[1])
        except (NotFound, Damaged) as error:
            raise _damaged(path, error.message, error.hint) from error

    def blob(self, oid: Oid) -> bytes:
        """The bytes of a file by its id, as `changes_since` names it."""
        return self.objects.blob(oid)

    def names(self, folder: str) -> list[str]:
        """Names directly in a folder, sorted; empty when there is none."""
        found = self._trees.folder(self.tree, folder)
        return sorted(name.decode("utf-8", "surrogateescape") for name in found)

    def settings(self) -> Settings:
        """The team's settings; the defaults where there is no `mlgit.yaml`."""
        data = self.read(layout.SETTINGS)
        try:
            return Settings() if data is None else parsed(layout.SETTINGS, data, load_settings)
        except Damaged as error:
            hint = "repair it in a work tree of its own: git worktree add ../repair mlgit"
            raise Damaged(error.message, hint, **error.facts) from error

    def epoch_format(self) -> int:
        """The format of `epoch.yaml`: what it forgets may be more than this version knows."""
        with suppress(Damaged, TypeError):
            data = self.read(layout.EPOCH)
            return FORMAT if data is None else format_of(text.load(data))
        return FORMAT

    def experiments(self) -> tuple[list[Experiment], list[Damage]]:
        """Every experiment, also deleted ones, by folder; and the files that are not one."""
        found: list[Experiment] = []
        damaged: list[Damage] = []
        for folder in self.names("runs"):
            path = layout.experiment_path(folder)
            if layout.parse_path(path) is None:
                continue
            try:
                experiment = self._experiment(folder, path)
                if experiment is not None:
                    found.append(experiment)
            except MlgitError as error:
                damaged.append(Damage(path, error.message))
        return found, damaged

    def _experiment(self, folder: str, path: str) -> Experiment | None:
        entry = self._at(path)
        known = self._trees.experiments.get((folder, entry))
        if known is None and (data := self.read(path)) is not None:
            known = parsed(path, data, partial(load_experiment, folder=folder))
            self._trees.experiments[folder, entry] = known
        return known

    def experiment_by_id(self, experiment_id: str) -> Experiment | None:
        """The experiment of that id, also a deleted one; None when there is none."""
        return next((e for e in self.experiments()[0] if e.id == experiment_id), None)

    def experiment_by_name(self, name: str) -> Experiment | None:
        """The live experiment of that name, else the newest deleted one, else None.

        Raises:
            Ambiguous: Two live ones have it, as after a merge.
        """
        named = [e for e in self.experiments()[0] if e.name == name]
        live = [e for e in named if e.lifecycle == "active"]
        if len(live) > 1:
            ids = [e.id for e in live]
            raise Ambiguous(
                f"{len(live)} experiments are called {name!r}: {', '.join(ids)}",
                "use an id, or rename one of them",
                candidates=ids,
            )
        return max(live or named, key=lambda e: e.updated, default=None)

    def run_folders(self, experiment_folder: str | None = None) -> Iterator[str]:
        """Folders of runs by experiment folder and day, streamed from the names of trees.

        A run that was moved still lies in the folder of its first experiment. Trees that cannot
        be read are left out; `check` names them.
        """
        return run_folders(self._trees, self.tree, experiment_folder)

    def find_run(self, id_prefix: str) -> list[str]:
        """Folders of the runs whose id begins so."""
        found = folders_by_id(self._trees, self.tree, id_prefix)
        return [folder for folder in found if "~" not in folder or self._is(folder, id_prefix)]

    def folder_of(self, whole_id: str) -> str | None:
        """The folder of the run or logged model of that id, by names alone; None where none is.

        For many questions: a sixteenth of the names is listed once and remembered.
        """
        shard = layout.shard(whole_id)
        if shard not in self._shards:
            self._shards[shard] = parts_in_shard(self._trees, self.tree, shard)
        found = self._shards[shard]
        return found.get(layout.model_part(whole_id)) or found.get(layout.run_part(whole_id))

    def model_folders(self) -> Iterator[str]:
        """Folders of logged models, streamed from the names of trees."""
        return model_folders(self._trees, self.tree)

    def run(self, folder: str) -> Run:
        """The run in a folder.

        Raises:
            NotFound: The run was purged.
            Damaged: Its `run.yaml` is missing or cannot be used.
        """
        path = f"{folder}/{layout.RUN}"
        data = self.read(path)
        if data is None:
            raise _damaged(path, "it is missing")
        return parsed(path, data, load_run)

    def points(self, folder: str, key: str = "") -> list[Point]:
        """Every metric point of a run, or those of one metric, merged, by step and timestamp.

        Raises:
            Damaged: A segment cannot be read.
        """
        if not key:
            return merge_segments(self.segments(folder).values())
        decode = partial(points_of, key=key)
        names = self.segment_names(folder)
        return merge_segments(self._optional(folder, name, decode) or () for name in names)

    def segments(self, folder: str) -> dict[str, list[Point]]:
        """The points of each metric file of a run, by its name."""
        names = self.segment_names(folder)
        return {name: self._optional(folder, name, decode_points) or [] for name in names}

    def segment_names(self, folder: str) -> list[str]:
        """The metric files of a run: its own first, then each writer's by number."""
        return sorted(filter(layout.is_segment, self.names(folder)), key=segment_order)

    def manifest(self, folder: str) -> Manifest:
        """The artifacts of a run; empty when it has none.

        Raises:
            Damaged: The manifest cannot be read. Its paths are as they were written: pass each
                through `artifacts.paths.safe_path` before it names a file.
        """
        return self._optional(folder, layout.ARTIFACTS, load_manifest) or Manifest()

    def inputs(self, folder: str) -> Inputs:
        """Datasets and models of a run; empty when it has none.

        Raises:
            Damaged: They cannot be read.
        """
        return self._optional(folder, layout.INPUTS, load_inputs) or Inputs()

    def patch(self, folder: str) -> bytes | None:
        """The uncommitted difference the run was made with, if it was kept."""
        return self.read(f"{folder}/{layout.PATCH}")

    def environment(self, folder: str) -> bytes | None:
        """The packages the run was made with, one a line, if they were kept."""
        return self.read(f"{folder}/{layout.ENVIRONMENT}")

    def changes_since(self, commit: Oid | None) -> Iterator[TreeChange]:
        """Every file that differs from an earlier commit; all files for None.

        Raises:
            NotFound, Damaged: That commit or a changed tree cannot be read.
        """
        old = None if commit is None else self.objects.commit(commit).tree
        return diff(self.objects, old, self.tree)

    def _at(self, path: str) -> tuple[int, Oid] | None:
        try:
            return self._trees.at(self.tree, path)
        except (NotFound, Damaged) as error:
            raise _damaged(path, error.message, error.hint) from error

    def _is(self, folder: str, id_prefix: str) -> bool:
        """Whether the run of a folder whose name does not hold its whole id begins so."""
        try:
            return self.run(folder).id.startswith(id_prefix)
        except NotFound as error:  # purged; its stub has the id
            return str(error.facts.get("id", "")).startswith(id_prefix)
        except Damaged:
            return False

    def _optional(self, folder: str, name: str, load: Callable[[bytes], T]) -> T | None:
        path = f"{folder}/{name}"
        data = self.read(path)
        return None if data is None else parsed(path, data, load)


def parsed(path: str, data: bytes, load: Callable[[bytes], T]) -> T:
    """`load(data)`; what it finds damaged names the path.

    Raises:
        Damaged: Facts `path`, `reason`, and `line` where known.
    """
    try:
        return load(data)
    except Damaged as error:
        facts = {**error.facts, "path": path, "reason": error.facts.get("reason", error.message)}
        raise Damaged(f"{path}: {error.message}", error.hint, **facts) from error


def _damaged(path: str, reason: str, hint: str = "") -> Damaged:
    return Damaged(f"{path} cannot be used: {reason}", hint, path=path, reason=reason)
