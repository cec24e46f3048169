"""MLflow's file store, `mlruns/`: read as it lies on disk, with all that went wrong there.

MLflow itself opens it no more. Its layout: <https://mlflow.org/docs/2.22/tracking/backend-stores>.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from mlgit.bridges.sources.mlflow_folder import files_in, lines_of, meta_of, texts_of
from mlgit.bridges.sources.mlflow_links import inputs_of
from mlgit.bridges.sources.mlflow_points import Linked, place, point_of
from mlgit.bridges.sources.mlflow_registry_files import registered_in
from mlgit.bridges.sources.mlflow_values import experiment_of, model_status, run_of, whole
from mlgit.bridges.sources.places import Places
from mlgit.bridges.sources.source import (
    Files,
    FoundModel,
    FoundRegistered,
    FoundRun,
    RunSource,
    Wanted,
)
from mlgit.errors import NotFound
from mlgit.records.experiment import Experiment
from mlgit.records.logged_model import LoggedModel
from mlgit.records.metrics import Point

_TRASH = ".trash"
#: Folders beside the runs of an experiment.
_NO_RUNS = frozenset(("tags", "datasets", "traces", "models", "assessments"))
RESCUED = "mlgit.import.rescued"


class _Home(NamedTuple):
    """One experiment's folder."""

    path: Path
    experiment: Experiment


class FileStore(RunSource):
    """A folder `mlruns/`, or whatever it was called."""

    def __init__(self, root: Path, others: tuple[Path, ...] = ()) -> None:
        super().__init__(f"MLflow's file store {root}")
        self.root = root
        self.places = Places(root.parent, others)
        if not root.is_dir():
            raise NotFound(f"there is no folder {root}", "mlgit import mlflow mlruns/")

    def experiments(self) -> list[Experiment]:
        """Those whose `meta.yaml` can be read; a folder with runs and without one is named."""
        return [home.experiment for home in self._homes]

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """Every run that is wanted, also one whose `meta.yaml` is lost."""
        for home in self._homes:
            for path in _folders(home.path):
                if path.name not in _NO_RUNS and _is_run(path) and wanted(path.name):
                    yield self._run(home, path)

    def models(self, wanted: Wanted) -> Iterator[FoundModel]:
        """Every logged model that is wanted."""
        for home in self._homes:
            for path in _folders(home.path / "models"):
                if wanted(path.name):
                    yield from self._model(home, path)

    def registered(self) -> Iterator[FoundRegistered]:
        """The registered models below `models/`."""
        for path in _folders(self.root / "models"):
            yield from registered_in(path, self.lose)

    @cached_property
    def _homes(self) -> list[_Home]:
        paths = [*_folders(self.root), *_folders(self.root / _TRASH)]
        homes = (self._home(path) for path in paths if path.name != "models")
        return [home for home in homes if home is not None]

    def _home(self, path: Path) -> _Home | None:
        meta = meta_of(path, self.lose)
        if not meta:
            if any(_is_run(one) for one in _folders(path)):
                self.lose(f"experiment {path.name}", "its meta.yaml is lost: named by its folder")
            elif not (path / "meta.yaml").exists():
                return None  # no experiment at all
        deleted = path.parent.name == _TRASH
        row = {**meta, "lifecycle_stage": "deleted" if deleted else meta.get("lifecycle_stage")}
        said = str(meta.get("experiment_id", path.name))
        if said != path.name:
            self.lose(f"experiment {path.name}", f"its meta.yaml says {said}: the folder counts")
        return _Home(path, experiment_of(path.name, row, texts_of(path / "tags", self.lose)))

    def _run(self, home: _Home, path: Path) -> FoundRun:
        meta, tags = meta_of(path, self.lose), texts_of(path / "tags", self.lose)
        points = self._points(home, path)
        if not meta:
            self.lose(f"run {path.name}", "its meta.yaml is lost: times are those of its points")
            meta, tags = _rescued(path, points), {**tags, RESCUED: "meta.yaml was lost"}
        run = run_of(path.name, home.experiment.id, meta, tags)
        params = texts_of(path / "params", self.lose)
        inputs = inputs_of(path, home.path / "datasets", self.lose)
        return FoundRun(run._replace(params=params), tags, points, inputs, self._files(path, meta))

    def _files(self, path: Path, meta: dict[str, Any], key: str = "artifact_uri") -> Files:
        """The artifacts beside the record, wherever the folder was moved to since."""
        beside = path / "artifacts"
        if beside.is_dir():
            return Files(folder=beside)
        uri = str(meta.get(key) or "")
        files, why = self.places.files(uri) if uri else (Files(), "")
        if why and not str(uri).startswith(("/", "file:", ".")):
            self.lose(f"run {path.name}", why)
        return files

    def _points(self, home: _Home, path: Path) -> list[Point]:
        linked = self._linked.get(home.path, Linked({})).of(path.name)
        found: list[Point] = []
        for key, file in files_in(path / "metrics"):
            for line in lines_of(file, self.lose):
                point = point_of(key, line)
                if isinstance(point, str):
                    self.lose(f"metric {key} of run {path.name}", point)
                    continue
                found += linked.get(place(point)) or [point]
        return found

    @cached_property
    def _linked(self) -> dict[Path, Linked]:
        """The points of logged models by experiment and run."""
        return {home.path: Linked.read(home.path / "models", self.lose) for home in self._homes}

    def _model(self, home: _Home, path: Path) -> Iterator[FoundModel]:
        meta = meta_of(path, self.lose)
        if not meta:
            self.lose(f"logged model {path.name}", "its meta.yaml is lost")
            return
        created = whole(meta.get("creation_timestamp")) or 0
        model = LoggedModel(
            id=path.name,
            name=str(meta.get("name") or path.name),
            experiment_id=home.experiment.id,
            status=model_status(meta.get("status")),
            created=created,
            updated=whole(meta.get("last_updated_timestamp")) or created,
            status_message=str(meta.get("status_message") or ""),
            lifecycle=str(meta.get("lifecycle_stage") or "active"),
            model_type=str(meta.get("model_type") or ""),
            source_run=str(meta.get("source_run_id") or ""),
            params=texts_of(path / "params", self.lose),
            tags=texts_of(path / "tags", self.lose),
        )
        yield FoundModel(model, self._files(path, meta, "artifact_location"))


def _folders(path: Path) -> list[Path]:
    """The folders in a folder, sorted; none where there is no such folder."""
    try:
        with os.scandir(path) as entries:
            found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path / name for name in sorted(found) if not name.startswith(".")]


def _is_run(path: Path) -> bool:
    return any((path / name).exists() for name in ("meta.yaml", "params", "metrics"))


def _rescued(path: Path, points: list[Point]) -> dict[str, Any]:
    """What can still be known of a run whose record is lost."""
    times = [point.timestamp for point in points] or [int(path.stat().st_mtime * 1000)]
    return {"status": "FAILED", "start_time": min(times), "end_time": max(times)}
