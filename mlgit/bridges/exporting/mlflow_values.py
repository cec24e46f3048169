"""Our records in the fields that MLflow's stores have for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlgit.bridges.sources.mlflow_values import UNKNOWN

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.records.logged_model import LoggedModel
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.records.run import Run

_RUN_STATUS = {"RUNNING": 1, "SCHEDULED": 2, "FINISHED": 3, "FAILED": 4, "KILLED": 5}
MODEL_STATUS = {"PENDING": 1, "READY": 2, "FAILED": 3}
_LOCAL = 4  # MLflow's number of a kind of source that nobody reads any more


def experiment_row(one: Experiment, location: str) -> dict[str, Any]:
    """`meta.yaml` of an experiment."""
    return {
        "artifact_location": location,
        "creation_time": one.created,
        "experiment_id": one.id,
        "last_update_time": one.updated,
        "lifecycle_stage": one.lifecycle,
        "name": one.name,
    }


def run_row(run: Run, artifact_uri: str) -> dict[str, Any]:
    """`meta.yaml` of a run."""
    found: dict[str, Any] = {
        "artifact_uri": artifact_uri,
        "end_time": run.end,
        "entry_point_name": "",
        "experiment_id": run.experiment_id,
        "lifecycle_stage": run.lifecycle,
        "run_id": run.id,
        "run_name": run.name,
        "run_uuid": run.id,
        "source_name": "",
        "source_type": _LOCAL,
        "source_version": "",
        "start_time": run.start,
        "status": _RUN_STATUS[run.status.value],
        "tags": [],
        "user_id": run.user or UNKNOWN,
    }
    if run.lifecycle == "deleted":
        found["deleted_time"] = run.deleted_at
    return found


def model_row(one: LoggedModel, location: str) -> dict[str, Any]:
    """`meta.yaml` of a logged model."""
    return {
        "artifact_location": location,
        "creation_timestamp": one.created,
        "experiment_id": one.experiment_id,
        "last_updated_timestamp": one.updated,
        "lifecycle_stage": one.lifecycle,
        "model_id": one.id,
        "model_type": one.model_type or None,
        "name": one.name,
        "source_run_id": one.source_run or None,
        "status": MODEL_STATUS[one.status],
        "status_message": one.status_message or None,
    }


def registered_row(one: RegisteredModel) -> dict[str, Any]:
    """`meta.yaml` of a registered model."""
    return {
        "creation_timestamp": one.created,
        "description": one.description or None,
        "last_updated_timestamp": one.updated,
        "name": one.name,
    }


def version_row(name: str, one: ModelVersion, stage: str) -> dict[str, Any]:
    """`meta.yaml` of a version."""
    return {
        "creation_timestamp": one.created,
        "current_stage": stage,
        "description": one.description or None,
        "last_updated_timestamp": one.created,
        "name": name,
        "run_id": one.run or None,
        "run_link": None,
        "source": one.source,
        "status": "READY" if one.status == "DELETED" else one.status,
        "status_message": None,
        "storage_location": one.source,
        "user_id": one.author or None,
        "version": one.number,
        **({"model_id": one.logged_model} if one.logged_model else {}),
    }
