"""MLflow's records as ours: what its file store, its database and its client have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from mlgit.records.experiment import Experiment
from mlgit.records.model_version import DELETED, READY, STATUSES, ModelVersion
from mlgit.records.names import human_name
from mlgit.records.registered_model import RegisteredModel
from mlgit.records.run import Run, RunStatus

#: MLflow's numbers of a run's status, as its file store writes them.
_RUN_STATUS = dict(enumerate(("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"), start=1))
#: And of a logged model's.
_MODEL_STATUS = dict(enumerate(("PENDING", "READY", "FAILED"), start=1))
UNKNOWN = "unknown"
GONE = "Deleted_Internal"  # the stage of a version that was deleted
_OF_RUN = re.compile(r"/([0-9A-Za-z][\w-]{0,255})/artifacts(?:/(.*))?$").search
_OF_MODEL = re.compile(r"/models/(m-[0-9a-f]{32})/artifacts/?$").search


def run_of(run_id: str, experiment_id: str, row: Mapping[str, Any], tags: Mapping[str, str]) -> Run:
    """A run from the fields that MLflow keeps of it; missing ones are made up from its id."""
    deleted = row.get("lifecycle_stage") == "deleted"
    name = row.get("run_name") or row.get("name") or tags.get("mlflow.runName")
    return Run(
        id=run_id,
        name=str(name or human_name(sha256(run_id.encode()).digest())),
        experiment_id=experiment_id,
        status=RunStatus(run_status(row.get("status"))),
        start=whole(row.get("start_time")) or 0,
        end=whole(row.get("end_time")),
        user=tags.get("mlflow.user") or _user(row.get("user_id")),
        lifecycle="deleted" if deleted else "active",
        deleted_at=(whole(row.get("deleted_time")) or 0) if deleted else None,
    )


def _user(given: Any) -> str:
    """MLflow's own client says "unknown" of every run that it makes; the tag says who."""
    return "" if given in (None, UNKNOWN) else str(given)


def run_status(given: Any) -> str:
    """A status by number or by name; a run without one is RUNNING, as MLflow reads it."""
    word = _RUN_STATUS.get(given, str(given or "RUNNING"))
    return word if word in RunStatus.__members__ else "FAILED"


def model_status(given: Any) -> str:
    """The status of a logged model by number or by name."""
    word = str(_MODEL_STATUS.get(given, given))
    return word if word in _MODEL_STATUS.values() else "FAILED"


def whole(value: Any) -> int | None:
    """A whole number, also of a text or a real number; None where it is none."""
    try:
        return (
            None if value is None else int(float(value)) if isinstance(value, str) else int(value)
        )
    except (ValueError, OverflowError):
        return None


def experiment_of(
    experiment_id: str, row: Mapping[str, Any], tags: Mapping[str, str]
) -> Experiment:
    """An experiment, the note among its tags where it belongs."""
    created = whole(row.get("creation_time")) or 0
    found = Experiment(
        id=experiment_id,
        name=str(row.get("name") or f"experiment {experiment_id}"),
        folder="",
        created=created,
        updated=whole(row.get("last_update_time")) or created,
        lifecycle=str(row.get("lifecycle_stage") or "active"),
    )
    for key, value in tags.items():
        found = found.with_tag(key, value)
    return found


def registered_of(row: Mapping[str, Any], tags: Mapping[str, str]) -> RegisteredModel:
    """A registered model."""
    created = whole(row.get("creation_time", row.get("creation_timestamp"))) or 0
    updated = whole(row.get("last_updated_time", row.get("last_updated_timestamp")))
    description = str(row.get("description") or "")
    return RegisteredModel(
        str(row["name"]), "", created, updated or created, description=description, tags=dict(tags)
    )


def version_of(number: int, row: Mapping[str, Any], tags: Mapping[str, str]) -> ModelVersion:
    """A version; its uid is drawn from what it is, so that reading it again gives the same."""
    created = whole(row.get("creation_time", row.get("creation_timestamp"))) or 0
    source = str(row.get("source") or "")
    identity = f"{row['name']}\0{number}\0{created}\0{source}"
    status = str(row.get("status") or READY)
    run_id = str(row.get("run_id") or "")
    return ModelVersion(
        number=number,
        uid=sha256(identity.encode()).hexdigest()[:16],
        status=DELETED
        if row.get("current_stage") == GONE
        else status
        if status in STATUSES
        else READY,
        created=created,
        author=str(row.get("user_id") or ""),
        run=run_id,
        source=address_of(source, run_id),
        description=str(row.get("description") or ""),
        tags=dict(tags),
    )


def address_of(source: str, run_id: str) -> str:
    """A place on somebody's disk as the address of what lay there: of a run or logged model."""
    model = _OF_MODEL(source)
    if model:
        return f"models:/{model[1]}"
    run = _OF_RUN(source)
    if run and (not run_id or run[1] == run_id):
        return f"runs:/{run[1]}/{run[2]}" if run[2] else f"runs:/{run[1]}"
    return source
