"""MLflow's SQLite database, read as it is: any version of its tables, also one under way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from math import nan
from pathlib import Path
from typing import Any

from mlgit.bridges.sources.mlflow_links import dataset_of
from mlgit.bridges.sources.mlflow_rows import Tables, texts_by
from mlgit.bridges.sources.mlflow_values import (
    experiment_of,
    model_status,
    registered_of,
    run_of,
    version_of,
)
from mlgit.bridges.sources.places import Places
from mlgit.bridges.sources.source import (
    Files,
    FoundModel,
    FoundRegistered,
    FoundRun,
    FoundVersion,
    RunSource,
    Wanted,
)
from mlgit.records.experiment import Experiment
from mlgit.records.inputs import DatasetInput, Inputs, ModelLink
from mlgit.records.logged_model import LoggedModel
from mlgit.records.metrics import Point

_RUNS = 200  # whose rows are read at a time


class Database(RunSource):
    """A file `mlflow.db`."""

    def __init__(self, path: Path, others: tuple[Path, ...] = ()) -> None:
        super().__init__(f"MLflow's database {path}")
        self._tables = Tables(path)
        self._places = Places(path.absolute().parent, others)
        self._with_files = 0

    def experiments(self) -> list[Experiment]:
        """All of them."""
        tags = texts_by(self._tables.rows("experiment_tags"), "experiment_id")
        return [
            experiment_of(str(row["experiment_id"]), row, tags[row["experiment_id"]])
            for row in self._tables.rows("experiments")
        ]

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """The runs that are wanted, oldest first."""
        rows = (row for row in self._tables.rows("runs", "start_time") if wanted(row["run_uuid"]))
        while some := list(islice(rows, _RUNS)):
            yield from self._read(some)
        if not self._with_files:  # the database does not say which runs ever had any
            self.lose("artifacts of all runs", "none found here; --artifacts DIR says where")

    def _read(self, rows: list[Mapping[str, Any]]) -> Iterator[FoundRun]:
        ids = [row["run_uuid"] for row in rows]
        tags = texts_by(self._tables.of("tags", "run_uuid", ids), "run_uuid")
        params = texts_by(self._tables.of("params", "run_uuid", ids), "run_uuid")
        points, inputs = self._points(ids), self._inputs(ids)
        for row in rows:
            run_id = row["run_uuid"]
            run = run_of(run_id, str(row["experiment_id"]), row, tags[run_id])
            run = run._replace(params=params[run_id])
            files, _ = self._places.files(row["artifact_uri"] or "")
            self._with_files += files != Files()
            yield FoundRun(run, tags[run_id], points[run_id], inputs[run_id], files)

    def _points(self, ids: list[str]) -> Mapping[str, list[Point]]:
        links = self._linked(ids)
        found: defaultdict[str, list[Point]] = defaultdict(list)
        for row in self._tables.of("metrics", "run_uuid", ids):
            value = nan if row["is_nan"] else row["value"]
            plain = Point(row["step"], row["timestamp"], row["key"], value)
            of_models = links.get((row["run_uuid"], *plain[:3]), ())
            found[row["run_uuid"]] += [Point(*plain[:4], *one) for one in of_models] or [plain]
        return found

    def _linked(self, ids: list[str]) -> Mapping[tuple[Any, ...], list[tuple[str, str, str]]]:
        """Model and dataset of points, by run, step, time and key."""
        found: defaultdict[tuple[Any, ...], list[tuple[str, str, str]]] = defaultdict(list)
        for row in self._tables.of("logged_model_metrics", "run_id", ids):
            names = ("run_id", "metric_step", "metric_timestamp_ms", "metric_name")
            link = (row["model_id"], row["dataset_name"] or "", row["dataset_digest"] or "")
            found[tuple(row[name] for name in names)].append(link)
        return found

    def _inputs(self, ids: list[str]) -> Mapping[str, Inputs]:
        datasets: defaultdict[str, list[DatasetInput]] = defaultdict(list)
        links: defaultdict[str, list[ModelLink]] = defaultdict(list)
        rows = self._tables.of("inputs", "destination_id", ids)
        tags = self._input_tags([row["input_uuid"] for row in rows])
        for row in rows:
            run_id, source = row["destination_id"], row["source_id"]
            if row["source_type"] == "DATASET" and source in self._datasets:
                found = dataset_of(self._datasets[source], tags[row["input_uuid"]])
                datasets[run_id].append(found)
        for row in self._tables.of("inputs", "source_id", ids):
            way = {"RUN_INPUT": "in", "RUN_OUTPUT": "out"}.get(row["source_type"])
            if way:
                link = ModelLink(row["destination_id"], way, row.get("step") or 0)
                links[row["source_id"]].append(link)
        return {one: Inputs(tuple(datasets[one]), tuple(links[one])) for one in ids}

    def _input_tags(self, ids: list[str]) -> Mapping[str, dict[str, str]]:
        return texts_by(self._tables.of("input_tags", "input_uuid", ids), "input_uuid", "name")

    @cached_property
    def _datasets(self) -> dict[str, dict[str, Any]]:
        names = ("source_type", "source", "schema", "profile")
        return {
            row["dataset_uuid"]: {
                **{name: row[f"dataset_{name}"] for name in names},
                **{name: row[name] for name in ("name", "digest")},
            }
            for row in self._tables.rows("datasets")
        }

    def models(self, wanted: Wanted) -> Iterator[FoundModel]:
        """The logged models that are wanted."""
        rows = [row for row in self._tables.rows("logged_models") if wanted(row["model_id"])]
        ids = [row["model_id"] for row in rows]
        params, tags = (
            texts_by(self._tables.of(f"logged_model_{one}s", "model_id", ids), "model_id", *names)
            for one, names in (
                ("param", ("param_key", "param_value")),
                ("tag", ("tag_key", "tag_value")),
            )
        )
        for row in rows:
            model = _model(row, params[row["model_id"]], tags[row["model_id"]])
            files, why = self._places.files(row["artifact_location"])
            if why:
                self.lose(f"logged model {model.id}", why)
            yield FoundModel(model, files)

    def registered(self) -> Iterator[FoundRegistered]:
        """The registered models."""
        tags = texts_by(self._tables.rows("registered_model_tags"), "name")
        of_versions = texts_by(self._tables.rows("model_version_tags"), ("name", "version"))
        aliases = texts_by(
            self._tables.rows("registered_model_aliases"), "name", "alias", "version"
        )
        versions = _grouped(self._tables.rows("model_versions", "version"), "name")
        for row in self._tables.rows("registered_models"):
            name = row["name"]
            yield FoundRegistered(
                registered_of(row, tags[name]),
                [
                    FoundVersion(
                        version_of(one["version"], one, of_versions[name, one["version"]]),
                        one["current_stage"] or "None",
                    )
                    for one in versions[name]
                ],
                {alias: int(number) for alias, number in aliases[name].items()},
            )


def _grouped(rows: Iterable[Mapping[str, Any]], key: str) -> Mapping[str, list[Mapping[str, Any]]]:
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found


def _model(
    row: Mapping[str, Any], params: Mapping[str, str], tags: Mapping[str, str]
) -> LoggedModel:
    return LoggedModel(
        id=row["model_id"],
        name=row["name"],
        experiment_id=str(row["experiment_id"]),
        status=model_status(row["status"]),
        created=row["creation_timestamp_ms"],
        updated=row["last_updated_timestamp_ms"],
        status_message=row["status_message"] or "",
        lifecycle=row["lifecycle_stage"] or "active",
        model_type=row["model_type"] or "",
        source_run=row["source_run_id"] or "",
        params=params,
        tags=tags,
    )
