"""What runs of other tools have in common: an id of their own, texts, one experiment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from hashlib import sha256
from math import isfinite
from typing import Any

from mlgit.records.experiment import Experiment
from mlgit.records.metrics import Point
from mlgit.records.run import Run, RunStatus

_MS = 1_000
_DEEPEST = 8  # levels of a configuration that become parts of a parameter's name


def run_id_of(kind: str, *parts: object) -> str:
    """The id of a run of another tool: the same for the same run, whoever imports it."""
    return sha256("\0".join([kind, *map(str, parts)]).encode()).hexdigest()[:32]


def experiment_named(name: str, created: int = 0) -> Experiment:
    """An experiment that runs name by its name."""
    return Experiment(name, name, "", created, created)


def foreign_run(
    run_id: str,
    name: str,
    experiment: str,
    points: Iterable[Point] = (),
    *,
    status: str = "FINISHED",
    start: int | None = None,
    end: int | None = None,
    params: Mapping[str, str] | None = None,
) -> Run:
    """A run; times that the tool does not keep are those of its points."""
    stamps = [point.timestamp for point in points]
    return Run(
        id=run_id,
        name=name,
        experiment_id=experiment,
        status=RunStatus(status),
        start=min(stamps, default=0) if start is None else start,
        end=max(stamps, default=None) if end is None else end,
        params=params or {},
    )


def flat(value: Any, prefix: str = "", depth: int = 0) -> dict[str, str]:
    """A nested configuration as parameters: `model.layers`, lists as JSON."""
    if isinstance(value, Mapping) and value and depth < _DEEPEST:
        found: dict[str, str] = {}
        for key, inner in value.items():
            found.update(flat(inner, f"{prefix}.{key}" if prefix else str(key), depth + 1))
        return found
    return {prefix: text_of(value)} if prefix else {}


def text_of(value: Any) -> str:
    """A value as a parameter's text; what is no text or number is JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, default=str) if value is not None else "None"


def number_of(value: Any) -> float | None:
    """A value as a metric; None where it is none. Texts are numbers only as NaN or infinity."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    words = {"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"}
    return float(value) if isinstance(value, str) and value in words else None


def real_of(text: str | None) -> float | None:
    """The number that a text says; None where it says none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def milliseconds(seconds: Any) -> int:
    """Seconds since 1970 as milliseconds."""
    return int(seconds * _MS) if isinstance(seconds, int | float) and isfinite(seconds) else 0


def time_of(text: Any) -> int | None:
    """Milliseconds of an ISO time, which is UTC where it says nothing; None where it is none."""
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    aware = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    return int(aware.timestamp() * _MS)
