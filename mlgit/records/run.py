"""One run as a value: what `run.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from mlgit.records import system_tags
from mlgit.records.fields import FORMAT, NOTHING, Edit
from mlgit.records.history import History

__all__ = [
    "Code",
    "Edit",
    "History",
    "MetricSummary",
    "Purged",
    "Run",
    "RunStatus",
    "Source",
    "dump_purged",
    "dump_run",
    "edited",
    "load_purged",
    "load_run",
]


class RunStatus(str, Enum):
    """The life of a run, in MLflow's words."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"

    @property
    def terminal(self) -> bool:
        """Whether a run of this status has ended."""
        return self in (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)


class MetricSummary(NamedTuple):
    """What is known of one metric without opening its points.

    Attributes:
        last: The value at the highest (step, timestamp, value).
        step: Step of `last`.
        time: Timestamp of `last`, milliseconds UTC.
        min: Smallest value that is not NaN (NaN when all are).
        max: Largest value that is not NaN (NaN when all are).
        points: Number of distinct points.
    """

    last: float
    step: int
    time: int
    min: float
    max: float
    points: int


class Code(NamedTuple):
    """The code a run was made with; empty strings where unknown."""

    commit: str = ""
    branch: str = ""
    repository: str = ""
    dirty: bool = False
    patch: str = ""  # "code.patch", or the reason why there is none


class Source(NamedTuple):
    """What started the run: a script, notebook or command line."""

    type: str = "LOCAL"
    name: str = ""
    command: str = ""
    entry_point: str = ""


class Purged(NamedTuple):
    """What is left of a run whose content was deleted for good; `at` is milliseconds UTC."""

    id: str
    at: int
    by: str


class Run(NamedTuple):
    """One run.

    Times are milliseconds UTC. `params` and `tags` are text; `tags` holds the user's own only,
    see `all_tags`. `extra` keeps keys of `run.yaml` that this version does not know, also those
    inside a section (`extra["code"]`), and values in conflict (`extra["params"]`). `format` is
    what the file said; a higher one than this version's cannot be written back.
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
    params: Mapping[str, str] = NOTHING
    metrics: Mapping[str, MetricSummary] = NOTHING
    tags: Mapping[str, str] = NOTHING
    edits: Mapping[str, Edit] = NOTHING
    alive_until: int | None = None
    history: History = History()
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT

    def all_tags(self) -> dict[str, str]:
        """The user's tags together with the reserved tags that fields stand for."""
        return {**system_tags.field_tags(self), **self.tags}

    def with_tag(self, key: str, value: str, stamp: Edit | None = None) -> Run:
        """This run with one tag set, in a field where the tag is a reserved one.

        `stamp` is recorded under the changed field; leave it out before publication.
        """
        tags = {name: text for name, text in self.tags.items() if name != key}
        if key not in system_tags.SYSTEM_TAGS:
            return edited(self._replace(tags={**tags, key: value}), f"tags.{key}", stamp)
        changed = system_tags.set_field(self, key, value)
        if system_tags.field_tags(changed).get(key) != value:
            tags[key] = value  # a value that the field cannot hold stays a plain tag
        return edited(changed._replace(tags=tags), system_tags.SYSTEM_TAGS[key], stamp)

    def without_tag(self, key: str, stamp: Edit | None = None) -> Run:
        """This run without one tag; its name cannot be taken away."""
        tags = {name: text for name, text in self.tags.items() if name != key}
        gone = stamp._replace(deleted=True) if stamp else None
        if key not in system_tags.SYSTEM_TAGS:
            return edited(self._replace(tags=tags), f"tags.{key}", gone)
        changed = system_tags.cleared(self, key)._replace(tags=tags)
        return edited(changed, system_tags.SYSTEM_TAGS[key], gone)


def edited(run: Run, path: str, stamp: Edit | None) -> Run:
    """`run` with `stamp` as the last edit of a field path such as `tags.team` or `note`."""
    return run if stamp is None else run._replace(edits={**run.edits, path: stamp})


def dump_run(run: Run) -> bytes:
    """`run.yaml` of a run.

    Raises:
        errors.Unsupported: The run was read from a newer format.
        errors.InvalidValue: It does not fit the hard limit of the format, or a value has no
            spelling.
    """
    from mlgit.records import run_yaml

    return run_yaml.dump(run)


def load_run(data: bytes) -> Run:
    """The run that a `run.yaml` describes.

    Raises:
        errors.NotFound: The run was purged; only `load_purged` reads what is left.
        errors.Damaged: Not a run.
    """
    from mlgit.records import run_yaml

    return run_yaml.load(data)


def dump_purged(purged: Purged) -> bytes:
    """The `run.yaml` that stays behind when a run is purged."""
    from mlgit.records import run_yaml

    return run_yaml.dump_stub(purged)


def load_purged(data: bytes) -> Purged | None:
    """What is left of a purged run, or None where the file is a run's.

    Raises:
        errors.Damaged: Neither.
    """
    from mlgit.records import run_yaml

    return run_yaml.load_stub(data)
