"""DVCLive's folder, and the experiments of DVC whose commits hold one.

The layout: <https://dvc.org/doc/dvclive/outputs>. Experiments of DVC are refs below `refs/exps/`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from mlgit.bridges.sources.dvc_places import Place, in_folder, in_repository
from mlgit.bridges.sources.foreign import (
    experiment_named,
    flat,
    foreign_run,
    number_of,
    real_of,
    run_id_of,
)
from mlgit.bridges.sources.mlflow_folder import yaml_of
from mlgit.bridges.sources.mlflow_values import whole
from mlgit.bridges.sources.source import Files, FoundRun, RunSource, Wanted
from mlgit.errors import NotFound
from mlgit.records.experiment import Experiment
from mlgit.records.metrics import Point
from mlgit.records.run import Code

_FOLDERS = ("dvclive", "")
_SERIES = "plots/metrics/"


class DvcLive(RunSource):
    """A repository that DVC records experiments in, or a folder that DVCLive wrote."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"DVC's {root}")
        self._root = root
        self._places = [*in_folder(root), *in_repository(root)]
        self._places = [place for place in self._places if _folder_of(place) is not None]
        if not self._places:
            raise NotFound(f"{root} has no experiment of DVC", "mlgit import dvc REPOSITORY")

    def experiments(self) -> list[Experiment]:
        """One, named as the folder."""
        return [experiment_named(self._root.resolve().name)]

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """A run for each experiment, and one for what lies in the folder."""
        for place in self._places:
            run_id = run_id_of("dvc", self._root.resolve().name, place.key)
            if wanted(run_id):
                yield self._run(run_id, place)

    def _run(self, run_id: str, place: Place) -> FoundRun:
        folder = _folder_of(place) or ""
        points = list(self._points(place, folder))
        params = self._yaml(place, f"{folder}params.yaml") or self._yaml(place, "params.yaml")
        run = foreign_run(
            run_id,
            place.name,
            self._root.resolve().name,
            points,
            start=place.time,
            end=place.time,
            params=flat(params),
        )
        run = run._replace(code=Code(commit=place.baseline))
        names = [name for name in place.files if name.startswith(f"{folder}artifacts/")]
        texts = {name.removeprefix(folder): place.read(name) for name in names}
        return FoundRun(run, {}, points, files=Files(texts=texts))

    def _points(self, place: Place, folder: str) -> Iterator[Point]:
        seen: set[str] = set()
        for name in place.files:
            if name.startswith(folder + _SERIES) and name.endswith(".tsv"):
                key = name.removeprefix(folder + _SERIES).removesuffix(".tsv")
                seen.add(key)
                yield from self._series(place, name, key)
        last = self._yaml(place, f"{folder}metrics.json")
        step = last.get("step", 0)
        for key, value in _numbers(last):
            if key not in seen and key != "step":
                yield Point(int(step), place.time, key, value)

    def _series(self, place: Place, name: str, key: str) -> Iterator[Point]:
        rows = csv.DictReader(StringIO(place.read(name).decode("utf-8", "replace")), delimiter="\t")
        column = key.rpartition("/")[2]
        for number, row in enumerate(rows):
            step, stamp = (
                whole(row.get("step") or number),
                whole(row.get("timestamp") or place.time),
            )
            value = real_of(row.get(column))
            if step is None or stamp is None or value is None:
                self.lose(f"{name} of {place.name}", f"row {number + 1} is left out")
            else:
                yield Point(step, stamp, key, value)

    def _yaml(self, place: Place, name: str) -> dict[str, Any]:
        return yaml_of(place.read(name), name, self.lose) if name in place.files else {}


def _folder_of(place: Place) -> str | None:
    """Where DVCLive's files are in a place; None where there are none."""
    for folder in _FOLDERS:
        prefix = f"{folder}/" if folder else ""
        names = (f"{prefix}metrics.json", f"{prefix}{_SERIES}")
        if any(name.startswith(names) for name in place.files):
            return prefix
    return None


def _numbers(found: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for key, value in found.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{key}/")
        elif (number := number_of(value)) is not None:
            yield f"{prefix}{key}", number
