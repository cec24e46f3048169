"""W&B's offline folders: `wandb/offline-run-*/run-ID.wandb`, decoded with W&B's own messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.bridges.sources.foreign import (
    experiment_named,
    flat,
    foreign_run,
    milliseconds,
    number_of,
    run_id_of,
)
from mlgit.bridges.sources.source import Files, FoundRun, RunSource, Wanted
from mlgit.bridges.sources.wandb_log import records
from mlgit.errors import InvalidValue, NotFound
from mlgit.records.metrics import Point
from mlgit.records.run import Code

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment

_STEP, _TIME = "_step", "_timestamp"
_OWN = frozenset((_STEP, _TIME, "_runtime", "_wandb"))


class Wandb(RunSource):
    """A folder `wandb/`, one run's folder in it, or a single file."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"W&B's {root}")
        found = (
            [root] if root.suffix == ".wandb" else [*root.glob("*.wandb"), *root.glob("*/*.wandb")]
        )
        self._files = sorted({path.resolve(): path for path in found}.values())
        if not self._files:
            raise NotFound(f"{root} has no run of W&B", "mlgit import wandb wandb/")
        self._logs = [_Log(path, self) for path in self._files]

    def experiments(self) -> list[Experiment]:
        """One a project."""
        return [experiment_named(name) for name in sorted({log.project for log in self._logs})]

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """The run of each file."""
        for log in self._logs:
            run_id = run_id_of("wandb", log.project, log.run.run_id)
            if wanted(run_id):
                yield self._run(run_id, log)

    def _run(self, run_id: str, log: _Log) -> FoundRun:
        points = list(log.points())
        run = foreign_run(
            run_id,
            log.run.display_name or log.run.run_id,
            log.project,
            points,
            status=log.status(),
            start=milliseconds(log.run.start_time.seconds + log.run.start_time.nanos / 1e9),
            params=flat(log.config()),
        )
        run = run._replace(
            note=log.run.notes,
            host=log.run.host,
            code=Code(commit=log.run.git.commit, repository=log.run.git.remote_url),
        )
        tags = {f"wandb.tag.{tag}": "true" for tag in log.run.tags}
        said = {"wandb.id": log.run.run_id, "wandb.group": log.run.run_group}
        tags.update({key: text for key, text in said.items() if text})
        folder = log.path.parent / "files"
        return FoundRun(run, tags, points, files=Files(folder=folder if folder.is_dir() else None))


class _Log:
    """One file, read once."""

    def __init__(self, path: Path, source: Wandb) -> None:
        self.path, self._source = path, source
        message = _message()
        self._records: list[Any] = []
        try:
            for data in records(path.read_bytes()):
                record = message()
                record.ParseFromString(data)
                self._records.append(record)
        except (ValueError, OSError) as error:
            source.lose(str(path), f"it cannot be read further: {error}")
        runs = self._of("run")
        self.run: Any = runs[-1] if runs else message().run
        self.project = self.run.project or "wandb"

    def _of(self, kind: str) -> list[Any]:
        return [getattr(one, kind) for one in self._records if one.HasField(kind)]

    def status(self) -> str:
        """A file without an exit is of a run that goes on, or died: nobody knows which."""
        ends = self._of("exit")
        return "RUNNING" if not ends else "FAILED" if ends[-1].exit_code else "FINISHED"

    def config(self) -> dict[str, Any]:
        """The configuration after all changes of it."""
        found: dict[str, Any] = {}
        for one in [self.run.config, *self._of("config")]:
            found.update((item.key, json.loads(item.value_json)) for item in one.update if item.key)
        return {key: value for key, value in found.items() if key not in _OWN}

    def points(self) -> Iterator[Point]:
        """The history, and what of the summary is no last value of it."""
        last: dict[str, float] = {}
        step = stamp = 0
        for one in self._of("history"):
            row = {_key(item): json.loads(item.value_json) for item in one.item}
            step = int(row.get(_STEP, one.step.num))
            stamp = milliseconds(row.get(_TIME, 0))
            for key, value in self._numbers(row):
                last[key] = value
                yield Point(step, stamp, key, value)
        for key, value in self._numbers(self._summary()):
            if key not in last:
                yield Point(step, stamp, key, value)

    def _summary(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in self._of("summary"):
            found.update((_key(item), json.loads(item.value_json)) for item in one.update)
        return {key: value for key, value in found.items() if not key.startswith("_wandb")}

    def _numbers(self, row: dict[str, Any]) -> Iterator[tuple[str, float]]:
        for key, value in row.items():
            number = number_of(value)
            if key in _OWN:
                continue
            if number is not None:
                yield key, number
            else:
                self._source.lose(f"{key} of run {self.run.run_id}", "it is no number")


def _key(item: Any) -> str:
    return item.key or ".".join(item.nested_key)


def _message() -> Any:
    try:
        from wandb.proto.wandb_internal_pb2 import Record
    except ImportError as error:
        raise InvalidValue(
            "W&B's own package decodes its files, and is not installed", "pip install wandb"
        ) from error
    return Record
