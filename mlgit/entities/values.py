"""The plain values of the API, with MLflow's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple


class ViewType(IntEnum):
    """Which lifecycle stages a search looks at."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3


class Metric(NamedTuple):
    """One logged value; `timestamp` is milliseconds UTC."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None


class Param(NamedTuple):
    """One parameter; the value is text."""

    key: str
    value: str


class RunTag(NamedTuple):
    """One tag of a run."""

    key: str
    value: str


class ExperimentTag(NamedTuple):
    """One tag of an experiment."""

    key: str
    value: str


class InputTag(NamedTuple):
    """One tag of a dataset's use, such as its context."""

    key: str
    value: str


class Dataset(NamedTuple):
    """A dataset by name and digest; `source`, `schema` and `profile` are JSON text."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""

    def to_dict(self) -> dict[str, str]:
        """Every field by name."""
        return self._asdict()


class DatasetInput(NamedTuple):
    """A dataset that a run read, and the tags of that use."""

    dataset: Dataset
    tags: Sequence[InputTag] = ()


class LoggedModelInput(NamedTuple):
    """A logged model that a run read."""

    model_id: str


class LoggedModelOutput(NamedTuple):
    """A logged model that a run made, at a step."""

    model_id: str
    step: int = 0


class RunInputs(NamedTuple):
    """What a run read."""

    dataset_inputs: list[DatasetInput]
    model_inputs: list[LoggedModelInput]


class RunOutputs(NamedTuple):
    """What a run made, besides artifacts."""

    model_outputs: list[LoggedModelOutput]


class FileInfo(NamedTuple):
    """One artifact or folder of artifacts; `file_size` is bytes, None for a folder."""

    path: str
    is_dir: bool
    file_size: int | None = None


class Experiment(NamedTuple):
    """One experiment; times are milliseconds UTC."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    tags: Mapping[str, str]
    creation_time: int
    last_update_time: int


class RunInfo(NamedTuple):
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


class RunData(NamedTuple):
    """What a run holds: the last value of each metric, parameters, tags with system tags."""

    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]


class RunOperations:
    """What `synchronous=False` gives back: nothing is pending, logging never waits."""

    def wait(self) -> None:
        """Return at once."""
