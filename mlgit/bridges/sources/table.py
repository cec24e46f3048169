"""CSV files: a row for each run, or for each step of runs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from mlgit.bridges.sources.foreign import (
    experiment_named,
    foreign_run,
    real_of,
    run_id_of,
    time_of,
)
from mlgit.bridges.sources.source import FoundRun, RunSource, Wanted
from mlgit.errors import Damaged, NotFound
from mlgit.records.experiment import Experiment
from mlgit.records.metrics import Point

_STEPS = ("step", "_step", "global_step", "iteration", "epoch")
_RUNS = ("run_id", "run", "run_name", "name", "attributes.run_id", "attributes.run_name")
_TIMES = ("timestamp", "_timestamp", "time")
_STARTS, _ENDS = ("start_time", "created", "start"), ("end_time", "end")
_ABOUT = frozenset(("experiment", "experiment_id", "status", *_RUNS, *_STARTS, *_ENDS))
Row = Mapping[str, str]


class Table(RunSource):
    """One CSV file, named as the experiment unless a column `experiment` says otherwise.

    A column `step` makes its rows steps: of the run that a column `run` (or `run_id`, `name`) says,
    else all of one run. Columns `params.x`, `metrics.x` and `tags.x` are what they say; of the
    others, those that hold only numbers (and change within a run of steps) are metrics and the rest
    parameters.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"the table {path}")
        if not path.is_file():
            raise NotFound(f"there is no file {path}", "mlgit import csv runs.csv")
        self._path = path

    def experiments(self) -> list[Experiment]:
        """Those that the rows name."""
        return [experiment_named(name) for name in sorted({*map(self._experiment, self._rows)})]

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """A run for each row, or for each name among the steps."""
        for key, rows in self._groups():
            run_id = run_id_of("csv", self._path.name, key)
            if wanted(run_id):
                yield self._run(run_id, key, rows)

    def _groups(self) -> Iterator[tuple[str, list[Row]]]:
        named = self._first(_RUNS)
        if self._step is None:
            for number, row in enumerate(self._rows, start=1):
                yield (row[named] if named else "") or f"{self._path.stem}-{number}", [row]
            return
        found: dict[str, list[Row]] = {}
        for row in self._rows:
            found.setdefault(row[named] if named else self._path.stem, []).append(row)
        yield from found.items()

    def _run(self, run_id: str, name: str, rows: list[Row]) -> FoundRun:
        start, end = (self._time(rows, names) for names in (_STARTS, _ENDS))
        params, tags = self._texts(rows, "params."), self._texts(rows, "tags.")
        start = self._written if start is None and not self._first(_TIMES) else start
        points = list(self._points(rows, start or 0))
        status = rows[-1].get("status", "").upper()
        run = foreign_run(
            run_id,
            name,
            self._experiment(rows[0]),
            points,
            status=status if status in ("FINISHED", "FAILED", "KILLED") else "FINISHED",
            start=start,
            end=end,
            params=params,
        )
        return FoundRun(run, tags, points)

    def _points(self, rows: list[Row], start: int) -> Iterator[Point]:
        clock = self._first(_TIMES)
        for number, row in enumerate(rows):
            step = int(float(row[self._step] or number)) if self._step else 0
            stamp = _moment(row.get(clock, "") if clock else "") or start
            for column in self._metrics:
                if row[column]:
                    yield Point(step, stamp, column.removeprefix("metrics."), float(row[column]))

    def _texts(self, rows: list[Row], prefix: str) -> dict[str, str]:
        """The last value of each column of that kind that is not empty."""
        columns = [one for one in self._columns if one.startswith(prefix)]
        if prefix == "params.":
            columns += [one for one in self._plain if one not in self._metrics]
        found = {one: row[one] for row in rows for one in columns if row[one]}
        return {one.removeprefix(prefix): text for one, text in found.items()}

    def _experiment(self, row: Row) -> str:
        return row.get("experiment") or self._path.stem

    def _time(self, rows: list[Row], names: Iterable[str]) -> int | None:
        column = self._first(names)
        return _moment(rows[0][column]) if column else None

    def _first(self, names: Iterable[str]) -> str | None:
        return next((name for name in names if name in self._columns), None)

    @cached_property
    def _written(self) -> int:
        """When the file was written: all that is known of the time where no column says one."""
        return int(self._path.stat().st_mtime * 1000)

    @cached_property
    def _step(self) -> str | None:
        return self._first(_STEPS)

    @cached_property
    def _plain(self) -> list[str]:
        """The columns whose names do not say what they are."""
        known = {*_ABOUT, *_TIMES, self._step}
        prefixes = ("params.", "metrics.", "tags.", "attributes.")
        return [one for one in self._columns if one not in known and not one.startswith(prefixes)]

    @cached_property
    def _metrics(self) -> list[str]:
        named = [one for one in self._columns if one.startswith("metrics.")]
        for one in [*named]:
            if not self._numeric(one):
                named.remove(one)
                self.lose(f"column {one}", "it holds more than numbers")
        return named + [one for one in self._plain if self._numeric(one) and self._varies(one)]

    def _varies(self, column: str) -> bool:
        """Whether a column says more than a parameter: among steps, it changes within a run."""
        runs = self._groups()
        return self._step is None or any(len({row[column] for row in rows}) > 1 for _, rows in runs)

    def _numeric(self, column: str) -> bool:
        texts = [row[column] for row in self._rows if row[column]]
        return bool(texts) and all(real_of(text) is not None for text in texts)

    @cached_property
    def _columns(self) -> list[str]:
        return list(self._rows[0]) if self._rows else []

    @cached_property
    def _rows(self) -> list[Row]:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file, restval=""))
        except (UnicodeDecodeError, csv.Error) as error:
            raise Damaged(f"{self._path} is no CSV file: {error}") from error
        return [{key: text for key, text in row.items() if key} for row in rows]


def _moment(text: str) -> int | None:
    """Milliseconds of an ISO time, or of seconds or milliseconds since 1970."""
    number = real_of(text)
    if number is None:
        return time_of(text)
    return int(number if number > 1e11 else number * 1000)
