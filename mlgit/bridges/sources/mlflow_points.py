"""Metric lines of MLflow's file store: of runs, and of logged models."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mlgit.bridges.sources.mlflow_folder import Lose, files_in, lines_of
from mlgit.records.metrics import Point
from mlgit.records.yaml_write import MAX_INTEGER

_MODEL_LINE = 4  # fields: time, value, step, run


def point_of(key: str, line: str) -> Point | str:
    """The point of a line `time value [step [dataset digest]]`; why there is none.

    Steps that were written as real numbers are cut, as MLflow's other stores do; a dataset's name
    may have spaces.
    """
    fields = line.split(" ")
    if len(fields) not in (2, 3) and len(fields) < 5:
        return f"a line of {len(fields)} fields is left out: {line[:80]!r}"
    try:
        stamp, value = int(float(fields[0])), float(fields[1])
        step = int(float(fields[2])) if len(fields) > 2 else 0
    except (ValueError, OverflowError):
        return f"a line is left out: {line[:80]!r}"
    if max(abs(stamp), abs(step)) > MAX_INTEGER:
        return f"a line is left out, its numbers are too big: {line[:80]!r}"
    if len(fields) < 5:
        return Point(step, stamp, key, value)
    name, digest = " ".join(fields[3:-1]), fields[-1]
    return Point(step, stamp, key, value, dataset_name=name, dataset_digest=digest)


Place = tuple[int, int, str, str]


class Linked(NamedTuple):
    """Points that carry a logged model, by run: the run's own files have them without it."""

    by_run: dict[str, dict[Place, list[Point]]]

    @classmethod
    def read(cls, models: Path, lose: Lose) -> Linked:
        """The points of the models in a folder."""
        found = cls({})
        if not models.is_dir():
            return found
        for model in sorted(path for path in models.iterdir() if path.is_dir()):
            for key, file in files_in(model / "metrics"):
                for line in lines_of(file, lose):
                    found.add(model.name, key, line, lose)
        return found

    def add(self, model_id: str, key: str, line: str, lose: Lose) -> None:
        """One line: the fields of a run's, with the run's id behind the step."""
        fields = line.split(" ")
        if len(fields) < _MODEL_LINE:
            lose(f"metric {key} of model {model_id}", f"a line is left out: {line[:80]!r}")
            return
        run_id = fields.pop(3)
        plain = point_of(key, " ".join(fields))
        if isinstance(plain, str):
            lose(f"metric {key} of model {model_id}", plain)
            return
        points = self.by_run.setdefault(run_id, {}).setdefault(place(plain), [])
        points.append(plain._replace(model_id=model_id))

    def of(self, run_id: str) -> dict[Place, list[Point]]:
        """A run's, by `place`."""
        return self.by_run.get(run_id, {})


def place(point: Point) -> Place:
    """What a point of a run and the same one of a model have in common; NaN is like NaN."""
    return point.step, point.timestamp, point.key, repr(point.value)
