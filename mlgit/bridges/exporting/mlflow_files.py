"""MLflow's file store, `mlruns/`, as MLflow 2 and 3 write it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mlgit.bridges.exporting.mlflow_values import (
    experiment_row,
    model_row,
    registered_row,
    run_row,
    version_row,
)
from mlgit.bridges.sources.mlflow_values import GONE
from mlgit.errors import AlreadyExists
from mlgit.records.model_version import DELETED

if TYPE_CHECKING:
    from mlgit.bridges.exporting.stored import StoredModel, StoredRun
    from mlgit.bridges.sources.source import FoundRegistered
    from mlgit.records.experiment import Experiment
    from mlgit.records.inputs import DatasetInput, Inputs
    from mlgit.records.metrics import Point

Lose = Callable[[str, str], None]
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class FileSink:
    """A folder `mlruns/`; `title` is what it is, for people."""

    def __init__(self, root: Path) -> None:
        self.title = f"MLflow's file store {root}"
        self._root = root.absolute()
        self._homes: dict[str, Path] = {}
        self._there = {path.parent.name for path in self._root.glob("*/*/meta.yaml")}
        self._there |= {path.parent.name for path in self._root.glob(".trash/*/*/meta.yaml")}
        self._there |= {path.parent.name for path in self._root.glob("**/models/*/meta.yaml")}

    def experiments(self, every: Sequence[Experiment]) -> None:
        """Make those that are not there.

        Raises:
            AlreadyExists: Another experiment has the id of one.
        """
        for one in every:
            live = one.lifecycle == "active"
            home = (self._root if live else self._root / ".trash") / one.id
            _refuse_other(home, one)
            self._homes[one.id] = home
            if not (home / "meta.yaml").exists():
                _write_meta(home, experiment_row(one, f"{self._root.as_uri()}/{one.id}"))
                _write_texts(home / "tags", one.all_tags())

    def has(self, whole_id: str) -> bool:
        """Whether a run or logged model of that id is there already."""
        return whole_id in self._there

    def runs(self, some: Sequence[StoredRun], lose: Lose) -> None:
        """Write runs; the record comes last, so that one that was cut off is written again."""
        for one in some:
            home = self._homes[one.run.experiment_id]
            folder = home / one.run.id
            tags = one.run.all_tags()
            _write_texts(folder / "params", one.run.params, lose)
            _write_texts(folder / "tags", tags, lose)
            _write_points(folder / "metrics", map(_line, one.points), lose)
            self._write_model_points(home, one, lose)
            self._write_inputs(home, folder, one.inputs)
            if one.deliver is not None:
                one.deliver(folder / "artifacts")
            else:
                (folder / "artifacts").mkdir(exist_ok=True)
            _write_meta(folder, run_row(one.run, (folder / "artifacts").as_uri()))

    def _write_model_points(self, home: Path, one: StoredRun, lose: Lose) -> None:
        for model_id in {point.model_id for point in one.points} - {""}:
            points = (point for point in one.points if point.model_id == model_id)
            lines = (_line(point, one.run.id) for point in points)
            _write_points(home / "models" / model_id / "metrics", lines, lose)

    def _write_inputs(self, home: Path, run: Path, inputs: Inputs) -> None:
        for dataset in inputs.datasets:
            key = _id(dataset.name, dataset.digest)
            _write_meta(home / "datasets" / key, _dataset_row(dataset))
            link = _link("DATASET", key, "RUN", dict(dataset.tags))
            _write_meta(run / "inputs" / _id(key, run.name), link)
        for one in inputs.models:
            if one.direction == "in":
                link = _link("MODEL", one.model_id, "RUN", {})
                _write_meta(run / "inputs" / _id(one.model_id, run.name), link)
            else:
                link = {**_link("RUN_OUTPUT", one.model_id, "MODEL_OUTPUT", {}), "step": one.step}
                _write_meta(run / "outputs" / one.model_id, link)

    def models(self, some: Sequence[StoredModel], lose: Lose) -> None:
        """Write logged models."""
        for one in some:
            folder = self._homes[one.model.experiment_id] / "models" / one.model.id
            _write_texts(folder / "params", one.model.params, lose)
            _write_texts(folder / "tags", one.model.tags, lose)
            (folder / "metrics").mkdir(parents=True, exist_ok=True)
            if one.deliver is not None:
                one.deliver(folder / "artifacts")
            _write_meta(folder, model_row(one.model, (folder / "artifacts").as_uri()))

    def registered(self, one: FoundRegistered) -> int:
        """Write a registered model with its versions and aliases."""
        folder = self._root / "models" / one.model.name
        if not (folder / "meta.yaml").exists():
            _write_meta(folder, registered_row(one.model))
            _write_texts(folder / "tags", one.model.tags)
        new = [v for v in one.versions if not (folder / f"version-{v.version.number}").exists()]
        for each in new:
            place = folder / f"version-{each.version.number}"
            stage = GONE if each.version.status == DELETED else each.stage
            _write_texts(place / "tags", each.version.tags)
            _write_meta(place, version_row(one.model.name, each.version, stage))
        _write_texts(folder / "aliases", {key: str(n) for key, n in one.aliases.items()})
        return len(new)


def _refuse_other(home: Path, one: Experiment) -> None:
    file = home / "meta.yaml"
    there = yaml.safe_load(file.read_bytes()) if file.exists() else None
    if isinstance(there, dict) and there.get("name") != one.name:
        raise AlreadyExists(
            f"{home} is the experiment {there.get('name')!r}, not {one.name!r}",
            "export into a folder of its own",
        )


def _write_meta(folder: Path, row: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(dict(row), Dumper=_Dumper, allow_unicode=True)
    (folder / "meta.yaml").write_text(text, encoding="utf-8")


def _write_texts(folder: Path, texts: Mapping[str, str], lose: Lose | None = None) -> None:
    """One file a key; of `a` and `a/b` only one can be a file, which MLflow knew, too."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, text in texts.items():
        if not _wrote(folder / key, text) and lose is not None:
            lose(f"{folder}/{key}", "another key is its folder, or below it")


def _wrote(file: Path, text: str) -> bool:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return False
    return True


def _write_points(folder: Path, lines: Iterable[tuple[str, str]], lose: Lose) -> None:
    texts: dict[str, list[str]] = {}
    for key, line in lines:
        texts.setdefault(key, []).append(line)
    _write_texts(folder, {key: "".join(found) for key, found in texts.items()}, lose)


def _line(point: Point, run_id: str = "") -> tuple[str, str]:
    fields: list[object] = [point.timestamp, point.value, point.step]
    fields += [run_id] if run_id else []
    fields += [point.dataset_name, point.dataset_digest] if point.dataset_name else []
    return point.key, " ".join(map(str, fields)) + "\n"


def _dataset_row(one: DatasetInput) -> dict[str, Any]:
    fields = ("name", "digest", "source_type", "source", "schema", "profile")
    return {name: getattr(one, name) or None for name in fields}


def _link(kind: str, source: str, into: str, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "source_type": kind,
        "source_id": source,
        "destination_type": into,
        "destination_id": source,
        "tags": tags,
    }


def _id(first: str, second: str) -> str:
    """How MLflow names datasets and their uses."""
    return md5(f"{first}{second}".encode(), usedforsecurity=False).hexdigest()
