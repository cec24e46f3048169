"""The plain values of the API, with MLflow's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum


class ViewType(IntEnum):
    """Which lifecycle stages a search looks at."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3


@dataclass(frozen=True)
class Metric:
    """One logged value; `timestamp` is milliseconds UTC."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None


@dataclass(frozen=True)
class Param:
    """One parameter; the value is text."""

    key: str
    value: str


@dataclass(frozen=True)
class RunTag:
    """One tag of a run."""

    key: str
    value: str


@dataclass(frozen=True)
class ExperimentTag:
    """One tag of an experiment."""

    key: str
    value: str


@dataclass(frozen=True)
class InputTag:
    """One tag of a dataset's use, such as its context."""

    key: str
    value: str


@dataclass(frozen=True)
class Dataset:
    """A dataset by name and digest; `source`, `schema` and `profile` are JSON text."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""

    def to_dict(self) -> dict[str, str]:
        """Every field by name."""
        return asdict(self)


@dataclass(frozen=True)
class DatasetInput:
    """A dataset that a run read, and the tags of that use."""

    dataset: Dataset
    tags: list[InputTag] = field(default_factory=list)


@dataclass(frozen=True)
class LoggedModelInput:
    """A logged model that a run read."""

    model_id: str


@dataclass(frozen=True)
class LoggedModelOutput:
    """A logged model that a run made, at a step."""

    model_id: str
    step: int = 0


@dataclass(frozen=True)
class RunInputs:
    """What a run read."""

    dataset_inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[LoggedModelInput] = field(default_factory=list)


@dataclass(frozen=True)
class RunOutputs:
    """What a run made, besides artifacts."""

    model_outputs: list[LoggedModelOutput] = field(default_factory=list)


@dataclass(frozen=True)
class FileInfo:
    """One artifact or folder of artifacts; `file_size` is bytes, None for a folder."""

    path: str
    is_dir: bool
    file_size: int | None = None


@dataclass(frozen=True)
class Experiment:
    """One experiment; times are milliseconds UTC."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    tags: Mapping[str, str]
    creation_time: int
    last_update_time: int


@dataclass(frozen=True)
class RunInfo:
    """What a run is called, where it stands and when it ran; times are milliseconds UTC."""

    run_id: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    lifecycle_stage: str
    artifact_uri: str


@dataclass(frozen=True)
class RunData:
    """What a run holds: the last value of each metric, parameters, tags with system tags."""

    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class RunOperations:
    """What `synchronous=False` gives back: nothing is pending, logging never waits."""

    def wait(self) -> None:
        """Return at once."""
