"""One run's folder against the format, and its files against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mlgit.errors import Damaged, InvalidValue, NotFound
from mlgit.git.tree import TREE_MODE, Entry
from mlgit.records import layout
from mlgit.records.artifact import ArtifactEntry, Manifest, load_manifest
from mlgit.records.history import with_counts
from mlgit.records.inputs import Inputs, load_inputs
from mlgit.records.logged_model import load_logged_model
from mlgit.records.metrics import Point, merge_segments, summarize
from mlgit.records.run import MetricSummary, Run, load_purged, load_run
from mlgit.records.run_yaml import SOFT_LIMIT
from mlgit.store.check.purged import check_left_over

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.records.settings import Limits
    from mlgit.store.check.file import Files
    from mlgit.store.problem import Severity
    from mlgit.store.survey import Found, Survey

T = TypeVar("T")


@dataclass(frozen=True)
class RunRules:
    """What the rest of the store says that holds for every run.

    Attributes:
        experiments: Ids of the experiments there are.
        limits: The team's limits.
        deep: Whether contents are compared too: points with summaries, artifacts with digests.
        folder_of: The folder of the run or logged model of an id; None where there is none.
        is_whole: Whether this machine's copy of the bytes of a digest is what its name says; None
            where it has no copy.
    """

    experiments: Collection[str]
    limits: Limits
    deep: bool
    folder_of: Callable[[str], str | None]
    is_whole: Callable[[str], bool | None]


class RunCheck:
    """The check of one folder of a run or logged model."""

    def __init__(self, found: Found, survey: Survey, files: Files, rules: RunRules) -> None:
        self._folder, self._files, self._rules = found.path, files, rules
        self._report = files.report
        self._survey = survey
        listed = survey.entries(found.path, found.entry.oid)
        self._names: Mapping[str, Entry] = {
            each.path.rpartition("/")[2]: each.entry for each in listed
        }

    def check(self) -> str:
        """Report what is wrong; the id of the run, or "" where there is no usable one."""
        record = {name for name in self._names if name == layout.RUN and self._check_known(name)}
        if record and self._is_purged():
            check_left_over(self._folder, self._names, self._survey, self._report)
            return ""
        others = self._names.keys() - {layout.RUN}
        valid = record | {name for name in others if self._check_known(name)}
        known = self._loaded(layout.ARTIFACTS, load_manifest) if layout.ARTIFACTS in valid else None
        self._check_artifacts(known or Manifest())
        listed = {(entry.path, entry.sha256) for entry in known or ()}
        if self._folder.rpartition("/")[2][7:].startswith("m-"):
            self._check_model(layout.LOGGED_MODEL in valid)
            return ""
        if layout.RUN not in self._names:
            self._add(layout.RUN, "missing-file", "is missing")
        run = self._loaded(layout.RUN, load_run) if layout.RUN in valid else None
        if run is None:
            return ""
        self._check_run(run)
        for path, _ in sorted(run.history.artifacts.items() - listed):
            text = f"history: the manifest does not list {path!r}"
            self._add(layout.RUN, "missing-artifact", text, severe=False)
        self._check_links(
            run, self._loaded(layout.INPUTS, load_inputs) if layout.INPUTS in valid else None
        )
        if self._rules.deep:
            self._check_points(run)
        return run.id

    def _is_purged(self) -> bool:
        """Whether a stub stands here: the files beside it are empty then, whatever their kind."""
        try:
            return load_purged(self._read(layout.RUN) or b"id: x\n") is not None
        except Damaged:
            return False

    def _check_links(self, run: Run, inputs: Inputs | None) -> None:
        if run.parent:
            self._check_link(layout.RUN, "no-run", "parent", run.parent)
        for model in inputs.models if inputs else ():
            self._check_link(layout.INPUTS, "no-model", "models", model.model_id)

    def _check_link(self, name: str, code: str, key: str, wanted: str) -> None:
        if self._rules.folder_of(wanted) is None:
            self._add(name, code, f"{key}: there is no {wanted}", severe=False)

    def _check_known(self, name: str) -> bool:
        """Whether a file of this name belongs here and is what the format says."""
        path, entry = f"{self._folder}/{name}", self._names[name]
        if name == "files" and entry.mode == TREE_MODE:
            return True
        located = layout.parse_path(path)
        if located is None or entry.mode == TREE_MODE:
            self._report.add(
                path, "unknown-file", "no file that mlgit makes; kept as it is", "note"
            )
            return False
        return self._files.check(path, entry.oid, located.kind)

    def _loaded(self, name: str, load: Callable[[bytes], T]) -> T | None:
        """The record of a file; None where it is purged, and, with a report, not readable."""
        data = self._read(name)
        try:
            return None if data is None else load(data)
        except NotFound:
            return None
        except Damaged as error:
            self._add(name, "invalid", error.message)
            return None

    def _check_place(self, name: str, place: Callable[[str], str]) -> None:
        """Whether what the record says belongs into this folder; `place` gets the experiment's."""
        located = layout.parse_path(f"{self._folder}/{name}")
        try:
            right = place(located.experiment_folder if located else "")
        except InvalidValue as error:
            right = error.message
        if right != self._folder:
            self._add(name, "wrong-place", f"its id and time belong to {right}")

    def _check_model(self, valid: bool) -> None:
        if layout.LOGGED_MODEL not in self._names:
            self._add(layout.LOGGED_MODEL, "missing-file", "is missing")
        model = self._loaded(layout.LOGGED_MODEL, load_logged_model) if valid else None
        if model is not None:
            created, model_id = model.created, model.id
            self._check_place(
                layout.LOGGED_MODEL, lambda folder: layout.model_folder(folder, created, model_id)
            )
            if model.source_run:
                self._check_link(layout.LOGGED_MODEL, "no-run", "source_run", model.source_run)

    def _check_run(self, run: Run) -> None:
        self._check_place(layout.RUN, lambda folder: layout.run_folder(folder, run.start, run.id))
        size = len(self._read(layout.RUN) or b"")
        if size > SOFT_LIMIT:
            text = f"has {size} bytes; lists are slow above {SOFT_LIMIT}"
            self._add(layout.RUN, "large", text, severe=False)
        if run.experiment_id not in self._rules.experiments:
            text = f"there is no experiment {run.experiment_id}"
            self._add(layout.RUN, "no-experiment", text, severe=False)
        if (run.code.patch == layout.PATCH) != (layout.PATCH in self._names):
            text = "code.patch and the file of that name disagree"
            self._add(layout.RUN, "patch", text, severe=False)

    def _check_artifacts(self, entries: Manifest) -> None:
        kept = self._inline_files(len(entries))
        for entry in entries:
            self._check_entry(entry, kept)
        paths = [entry.path for entry in entries]
        for path in sorted(path for path, times in Counter(paths).items() if times > 1):
            self._add(layout.ARTIFACTS, "listed-twice", f"{path!r} is listed twice")
        for path in _both_file_and_folder(paths):
            self._add(layout.ARTIFACTS, "path-clash", f"{path!r} is a file and a folder")
        for name in sorted(kept.keys() - {entry.inline for entry in entries}):
            self._add(name, "orphan", "no artifact of the manifest", severe=False)

    def _inline_files(self, listed: int) -> dict[str, Oid]:
        """Name below the run's folder -> content, of every file below `files/`."""
        entry = self._names.get("files")
        if entry is None or entry.mode != TREE_MODE:
            return {}
        most = 1000 + 64 * listed
        below = self._survey.files(f"{self._folder}/files", entry.oid, most)
        return {found.path[len(self._folder) + 1 :]: found.entry.oid for found in below}

    def _check_entry(self, entry: ArtifactEntry, kept: Mapping[str, Oid]) -> None:
        if not entry.inline:
            asked = entry.sha256 if self._rules.deep else ""
            if asked and self._rules.is_whole(asked) is False:
                text = f"{entry.path!r}: the copy in this clone does not have that digest"
                self._add(layout.ARTIFACTS, "digest", text)
            return
        oid = kept.get(entry.inline)
        if oid is None:
            text = f"{entry.path!r}: there is no {entry.inline}"
            self._add(layout.ARTIFACTS, "missing-artifact", text)
            return
        if entry.size > self._rules.limits.inline_file:
            text = f"has {entry.size} bytes, more than the limit"
            self._add(entry.inline, "large", text, severe=False)
        if not self._rules.deep:
            return
        found = self._files.digest(f"{self._folder}/{entry.inline}", oid)
        if found is not None and found != (entry.size, entry.sha256):
            text = "does not have the size and digest that the manifest says"
            self._add(entry.inline, "digest", text)

    def _check_points(self, run: Run) -> None:
        segments: dict[str, list[Point]] = {}
        for name in filter(layout.is_segment, self._names):
            points = self._files.points(f"{self._folder}/{name}", self._names[name].oid)
            if points is None:
                return
            segments[name] = points
        found = with_counts(summarize(merge_segments(segments.values())), run.history, segments)
        for key in sorted(found.keys() | run.metrics.keys()):
            if not _follows(
                run.metrics.get(key), found.get(key), sampled=bool(run.history.sampled)
            ):
                text = f"metrics.{key}: does not follow from the points"
                self._add(layout.RUN, "summary", text)

    def _read(self, name: str) -> bytes | None:
        return self._files.read(f"{self._folder}/{name}", self._names[name].oid)

    def _add(self, name: str, code: str, message: str, *, severe: bool = True) -> None:
        severity: Severity = "error" if severe else "warning"
        self._report.add(f"{self._folder}/{name}", code, message, severity)


def _both_file_and_folder(paths: Collection[str]) -> list[str]:
    files = set(paths)
    parts = (path.split("/") for path in paths)
    folders = {"/".join(part[:n]) for part in parts for n in range(1, len(part))}
    return sorted(files & folders)


def _follows(said: MetricSummary | None, found: MetricSummary | None, *, sampled: bool) -> bool:
    """Whether a summary is that of the points; of down-sampled ones it may say fewer.

    A point that is in two files counts once, but only who has them all can know that.
    """
    if sampled and said and found and said.points < found.points:
        found = found._replace(points=said.points)
    return repr(said) == repr(found)  # where NaN is equal to itself
