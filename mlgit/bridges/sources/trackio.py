"""trackio's databases: one SQLite file a project, in one folder."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from mlgit.bridges.sources.foreign import (
    experiment_named,
    flat,
    foreign_run,
    number_of,
    run_id_of,
    time_of,
)
from mlgit.bridges.sources.source import FoundRun, RunSource, Wanted
from mlgit.errors import Damaged, NotFound
from mlgit.records.experiment import Experiment
from mlgit.records.metrics import Point

#: What trackio itself adds to a configuration.
_OWN = {"_Username": "mlflow.user", "_Created": "", "_Group": "trackio.group"}


class Trackio(RunSource):
    """A project's file, or the folder of all of them."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"trackio's {path}")
        self._files = sorted(path.glob("*.db")) if path.is_dir() else [path]
        if not self._files or not self._files[0].is_file():
            raise NotFound(f"{path} has no database of trackio", "mlgit import trackio PROJECT.db")

    def experiments(self) -> list[Experiment]:
        """One a project."""
        return [experiment_named(file.stem) for file in self._files]

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """The runs of every project."""
        for file in self._files:
            project = _Project(file)
            for key in project.runs:
                run_id = run_id_of("trackio", file.stem, key)
                if wanted(run_id):
                    yield self._run(run_id, project, key)

    def _run(self, run_id: str, project: _Project, key: str) -> FoundRun:
        points = list(self._points(project, key))
        config = project.config(key)
        run = foreign_run(
            run_id,
            project.runs[key],
            project.name,
            points,
            start=time_of(config.get("_Created")),
            params=flat({name: value for name, value in config.items() if name not in _OWN}),
        )
        tags = {tag: str(config[name]) for name, tag in _OWN.items() if tag and config.get(name)}
        return FoundRun(run, tags, points)

    def _points(self, project: _Project, key: str) -> Iterator[Point]:
        for row in project.rows("metrics", key):
            yield from self._of_row(row, row["step"], "", key)
        for number, row in enumerate(project.rows("system_metrics", key)):
            yield from self._of_row(row, number, "system/", key)

    def _of_row(self, row: sqlite3.Row, step: int, prefix: str, key: str) -> Iterator[Point]:
        stamp = time_of(row["timestamp"]) or 0
        for name, value in json.loads(row["metrics"]).items():
            number = number_of(value)
            if number is not None:
                yield Point(step, stamp, prefix + name, number)
            elif value is not None:
                self.lose(f"{name} of run {key}", f"{type(value).__name__} is no number")


class _Project:
    """One database: its runs by key, each with its name."""

    def __init__(self, file: Path) -> None:
        self.name, self._file = file.stem, file
        self._base = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        self._base.row_factory = sqlite3.Row
        self._tables: dict[str, list[sqlite3.Row]] = {}

    @cached_property
    def runs(self) -> dict[str, str]:
        """Key and name of every run, also of those that have logged nothing yet."""
        rows = [*self._all("metrics"), *self._all("configs")]
        return {str(row[self._key] or row["run_name"]): row["run_name"] for row in rows}

    def rows(self, table: str, key: str) -> list[sqlite3.Row]:
        """What a table says of a run."""
        names = (key, self.runs[key])
        return [row for row in self._all(table) if row[self._key] in names]

    def config(self, key: str) -> dict[str, Any]:
        """A run's configuration."""
        rows = self.rows("configs", key)
        return dict(json.loads(rows[-1]["config"])) if rows else {}

    @cached_property
    def _key(self) -> str:
        """The column that says whose a row is: newer files give runs an id beside the name."""
        columns = [row["name"] for row in self._asked("PRAGMA table_info(metrics)")]
        return "run_id" if "run_id" in columns else "run_name"

    def _all(self, table: str) -> list[sqlite3.Row]:
        """A table in its order; older files have fewer of them."""
        if table not in self._tables:
            found = self._asked(f"SELECT name FROM sqlite_master WHERE name = '{table}'")
            rows = self._asked(f"SELECT * FROM {table} ORDER BY id") if found else []
            self._tables[table] = rows
        return self._tables[table]

    def _asked(self, question: str) -> list[sqlite3.Row]:
        try:
            return self._base.execute(question).fetchall()
        except sqlite3.DatabaseError as error:
            raise Damaged(f"{self._file} is no database of trackio: {error}") from error
