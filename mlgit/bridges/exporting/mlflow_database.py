"""MLflow's SQLite database: its tables are made by MLflow itself, the rows written at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.bridges.exporting import database_rows as rows
from mlgit.bridges.exporting.database_rows import Row
from mlgit.bridges.exporting.mlflow_values import run_row, version_row
from mlgit.bridges.sources.mlflow_values import GONE
from mlgit.errors import AlreadyExists, InvalidValue, StorageFailed
from mlgit.records.model_version import DELETED

if TYPE_CHECKING:
    from mlgit.bridges.exporting.stored import StoredModel, StoredRun
    from mlgit.bridges.sources.source import FoundRegistered
    from mlgit.records.experiment import Experiment

Lose = Callable[[str, str], None]


class DatabaseSink:
    """A file `mlflow.db` with its artifacts in `mlruns/` beside it, as MLflow has them."""

    def __init__(self, path: Path) -> None:
        self.title = f"MLflow's database {path}"
        self._root = path.absolute().parent / "mlruns"
        fresh = not path.exists()
        _make_tables(path.absolute(), self._root)
        self._base = sqlite3.connect(path)
        if fresh:  # the experiment Default that MLflow has just made
            self._base.execute("DELETE FROM experiments")
        self._numbers: dict[str, int] = {}
        found = self._base.execute(
            "SELECT run_uuid FROM runs UNION SELECT model_id FROM logged_models"
        )
        self._there = {row[0] for row in found}

    def experiments(self, every: Sequence[Experiment]) -> None:
        """Make those that are not there; ids that are no whole numbers become new ones.

        Raises:
            AlreadyExists: Another experiment has the id of one.
        """
        known = dict(self._base.execute("SELECT experiment_id, name FROM experiments"))
        numbers = [int(one.id) for one in every if one.id.isdecimal()]
        fresh = max([*known, *numbers, 0]) + 1
        for one in every:
            number = int(one.id) if one.id.isdecimal() else fresh
            fresh += number == fresh
            if known.get(number, one.name) != one.name:
                hint = "export into a file of its own"
                raise AlreadyExists(f"experiment {number} is {known[number]!r} there", hint)
            self._numbers[one.id] = number
            if number not in known:
                self._put("experiments", [self._experiment(number, one)])
            self._put("experiment_tags", rows.texts_of(one.all_tags(), experiment_id=number))
        self._done()

    def _experiment(self, number: int, one: Experiment) -> Row:
        return {
            "experiment_id": number,
            "name": one.name,
            "artifact_location": str(self._root / str(number)),
            "lifecycle_stage": one.lifecycle,
            "creation_time": one.created,
            "last_update_time": one.updated,
        }

    def has(self, whole_id: str) -> bool:
        """Whether a run or logged model of that id is there already."""
        return whole_id in self._there

    def runs(self, some: Sequence[StoredRun], lose: Lose) -> None:  # noqa: ARG002 - of the protocol
        """Write runs in one transaction."""
        for one in some:
            run, home = one.run, self._numbers[one.run.experiment_id]
            folder = self._root / str(home) / run.id / "artifacts"
            if one.deliver is not None:
                one.deliver(folder)
            self._put("runs", [rows.run_of(run_row(run, str(folder)), home)])
            self._put("params", rows.texts_of(run.params, run_uuid=run.id))
            self._put("tags", rows.texts_of(run.all_tags(), run_uuid=run.id))
            self._put("metrics", [rows.metric_of(point, run.id) for point in one.points])
            self._put("latest_metrics", rows.latest_of(one.points, run.id))
            of_models = (point for point in one.points if point.model_id)
            self._put(
                "logged_model_metrics", [rows.model_metric_of(p, run.id, home) for p in of_models]
            )
            self._put_inputs(one, home)
        self._done()

    def _put_inputs(self, one: StoredRun, home: int) -> None:
        for dataset in one.inputs.datasets:
            key = rows.id_of(str(home), dataset.name, dataset.digest)
            names = ("source_type", "source", "schema", "profile")
            row = {f"dataset_{name}": getattr(dataset, name) for name in names}
            row |= {"dataset_uuid": key, "experiment_id": home}
            self._put("datasets", [{**row, "name": dataset.name, "digest": dataset.digest}])
            use = rows.id_of(key, one.run.id)
            self._put("inputs", [rows.input_of(use, ("DATASET", key), ("RUN", one.run.id))])
            tags = dataset.tags.items()
            self._put("input_tags", [{"input_uuid": use, "name": k, "value": v} for k, v in tags])
        for link in one.inputs.models:
            use = rows.id_of(link.model_id, one.run.id, link.direction)
            way = "INPUT" if link.direction == "in" else "OUTPUT"
            ends = ((f"RUN_{way}", one.run.id), (f"MODEL_{way}", link.model_id))
            self._put("inputs", [{**rows.input_of(use, *ends), "step": link.step}])

    def models(self, some: Sequence[StoredModel], lose: Lose) -> None:  # noqa: ARG002
        """Write logged models in one transaction."""
        for one in some:
            model, home = one.model, self._numbers[one.model.experiment_id]
            folder = self._root / str(home) / "models" / model.id / "artifacts"
            if one.deliver is not None:
                one.deliver(folder)
            self._put("logged_models", [rows.model_of(model, home, str(folder))])
            for kind in ("param", "tag"):
                self._put(f"logged_model_{kind}s", rows.model_texts_of(model, home, kind))
        self._done()

    def registered(self, one: FoundRegistered) -> int:
        """Write a registered model with its versions and aliases."""
        name = one.model.name
        times = {"creation_time": one.model.created, "last_updated_time": one.model.updated}
        description = one.model.description or None
        self._put("registered_models", [{"name": name, "description": description, **times}])
        self._put("registered_model_tags", rows.texts_of(one.model.tags, name=name))
        question = "SELECT version FROM model_versions WHERE name = ?"
        there = {row[0] for row in self._base.execute(question, (name,))}
        new = [each for each in one.versions if each.version.number not in there]
        for each in new:
            stage = GONE if each.version.status == DELETED else each.stage
            self._put("model_versions", [rows.version_of(version_row(name, each.version, stage))])
            tags = rows.texts_of(each.version.tags, name=name, version=each.version.number)
            self._put("model_version_tags", tags)
        aliases = [{"alias": a, "version": n, "name": name} for a, n in one.aliases.items()]
        self._put("registered_model_aliases", aliases)
        self._done()
        return len(new)

    def _put(self, table: str, some: Iterable[Row]) -> None:
        for row in some:
            names, marks = ",".join(f'"{name}"' for name in row), ",".join("?" * len(row))
            self._base.execute(
                f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})",
                list(row.values()),
            )

    def _done(self) -> None:
        try:
            self._base.commit()
        except sqlite3.OperationalError as error:
            raise StorageFailed(f"{self.title} cannot be written: {error}") from error


def _make_tables(path: Path, root: Path) -> None:
    """Let MLflow make or migrate its tables; it makes an experiment Default, too."""
    try:
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    except ImportError as error:
        raise InvalidValue(
            "MLflow makes its own tables, and is not installed", 'pip install "mlgit[mlflow]"'
        ) from error
    SqlAlchemyStore(f"sqlite:///{path}", str(root))
