"""What the API gives back: MLflow's names and attributes over our records."""

from mlgit.entities.logged_model import LoggedModel
from mlgit.entities.paged import PagedList
from mlgit.entities.registry import ModelVersion, RegisteredModel
from mlgit.entities.run import Run, run_data, run_info
from mlgit.entities.values import (
    Dataset,
    DatasetInput,
    Experiment,
    ExperimentTag,
    FileInfo,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunData,
    RunInfo,
    RunInputs,
    RunOperations,
    RunOutputs,
    RunTag,
    ViewType,
)
from mlgit.records.run import RunStatus

__all__ = [
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentTag",
    "FileInfo",
    "InputTag",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOutput",
    "Metric",
    "ModelVersion",
    "PagedList",
    "Param",
    "RegisteredModel",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOperations",
    "RunOutputs",
    "RunStatus",
    "RunTag",
    "ViewType",
    "run_data",
    "run_info",
]
