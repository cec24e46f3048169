"""One run as a value: what `run.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class RunStatus(str, Enum):
    """The life of a run, in MLflow's words."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"


@dataclass(frozen=True)
class MetricSummary:
    """What is known of one metric without opening its points.

    Attributes:
        last: The value at the highest (step, timestamp, value).
        step: Step of `last`.
        time: Timestamp of `last`, milliseconds UTC.
        min: Smallest value that is not NaN (NaN when all are).
        max: Largest value that is not NaN (NaN when all are).
        count: Number of distinct points.
    """

    last: float
    step: int
    time: int
    min: float
    max: float
    count: int


@dataclass(frozen=True)
class Code:
    """The code a run was made with; empty strings where unknown."""

    commit: str = ""
    branch: str = ""
    repository: str = ""
    dirty: bool = False
    patch: str = ""  # "code.patch", or the reason why there is none


@dataclass(frozen=True)
class Source:
    """What started the run: a script, notebook or command line."""

    type: str = "LOCAL"
    name: str = ""
    command: str = ""
    entry_point: str = ""


@dataclass(frozen=True)
class Edit:
    """When and by which clone a field was last changed after publication."""

    at: int
    by: str
    deleted: bool = False


@dataclass(frozen=True)
class Run:
    """One run.

    Times are milliseconds UTC. `params` and `tags` are text; `tags` holds the user's own only,
    see `all_tags`. `extra` keeps keys of `run.yaml` that this version does not know.
    """

    id: str
    name: str
    experiment_id: str
    status: RunStatus
    start: int
    end: int | None = None
    user: str = ""
    host: str = ""
    parent: str = ""
    lifecycle: str = "active"
    deleted_at: int | None = None
    note: str = ""
    code: Code = Code()
    source: Source = Source()
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, MetricSummary] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, Edit] = field(default_factory=dict)
    alive_until: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
