"""Sacred's FileStorageObserver: a folder of numbered runs.

The layout: <https://sacred.readthedocs.io/en/stable/observers.html>.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from mlgit.bridges.sources.source import Files, FoundRun, RunSource, Wanted
from mlgit.errors import NotFound
from mlgit.records.experiment import Experiment
from mlgit.records.metrics import Point

_STATUS = {
    "COMPLETED": "FINISHED",
    "RUNNING": "RUNNING",
    "QUEUED": "SCHEDULED",
    "INTERRUPTED": "KILLED",
    "DIED": "KILLED",
    "TIMEOUT": "KILLED",
}
#: What is carried in fields of a run; everything else in its folder is an artifact.
_FIELDS = frozenset(("run.json", "config.json", "metrics.json"))


class Sacred(RunSource):
    """The folder that a FileStorageObserver writes to."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"Sacred's runs in {root}")
        self._runs = sorted(path.parent for path in root.glob("*/run.json"))
        if not self._runs:
            raise NotFound(f"{root} has no run of Sacred", "mlgit import sacred my_runs/")

    def experiments(self) -> list[Experiment]:
        """One for each name that runs give."""
        return [experiment_named(name) for name in sorted({self._name(one) for one in self._runs})]

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """The runs of the folder."""
        for path in self._runs:
            record = self._json(path / "run.json")
            run_id = run_id_of("sacred", path.name, self._name(path), record.get("start_time"))
            if wanted(run_id):
                yield self._run(run_id, path, record)

    def _run(self, run_id: str, path: Path, record: dict[str, Any]) -> FoundRun:
        points = list(self._points(path))
        run = foreign_run(
            run_id,
            f"{self._name(path)}-{path.name}",
            self._name(path),
            points,
            status=_STATUS.get(str(record.get("status")), "FAILED"),
            start=time_of(record.get("start_time")),
            end=time_of(record.get("stop_time")),
            params=flat(self._json(path / "config.json")),
        )
        about = record.get("experiment") or {}
        run = run._replace(host=str((record.get("host") or {}).get("hostname") or ""))
        files = {
            file.relative_to(path).as_posix(): file
            for file in sorted(path.rglob("*"))
            if file.is_file() and file.name not in _FIELDS
        }
        said = {
            "sacred.command": record.get("command"),
            "sacred.result": record.get("result"),
            "mlflow.source.name": about.get("mainfile"),
        }
        tags = {key: str(value) for key, value in said.items() if value is not None}
        return FoundRun(run, tags, points, files=Files(named=files))

    def _points(self, path: Path) -> Iterator[Point]:
        for key, series in self._json(path / "metrics.json").items():
            columns = (series.get(name) or [] for name in ("steps", "timestamps", "values"))
            for step, stamp, value in zip(*columns, strict=False):
                number = number_of(value)
                if number is None:
                    self.lose(f"metric {key} of run {path.name}", f"{str(value)[:40]} is no number")
                else:
                    yield Point(int(step or 0), time_of(stamp) or 0, key, number)

    def _name(self, path: Path) -> str:
        about = self._json(path / "run.json").get("experiment") or {}
        return str(about.get("name") or path.parent.name)

    def _json(self, file: Path) -> dict[str, Any]:
        try:
            found = json.loads(file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.lose(str(file), f"it cannot be read: {error}")
            return {}
        return found if isinstance(found, dict) else {}
