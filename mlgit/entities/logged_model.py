"""A logged model as the API gives it back: MLflow's attributes over our record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mlgit.records.logged_model import LoggedModel as ModelRecord


class LoggedModel(NamedTuple):
    """One logged model; times are milliseconds UTC."""

    model_id: str
    name: str
    experiment_id: str
    source_run_id: str | None
    status: str
    status_message: str | None
    model_type: str | None
    creation_timestamp: int
    last_updated_timestamp: int
    params: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def model_uri(self) -> str:
        """Its address, `models:/m-…`."""
        return f"models:/{self.model_id}"

    @property
    def artifact_location(self) -> str:
        """Where its files are: `download_artifacts` takes it anywhere."""
        return self.model_uri


def logged_model(record: ModelRecord) -> LoggedModel:
    """A model as the API shows it."""
    return LoggedModel(
        model_id=record.id,
        name=record.name,
        experiment_id=record.experiment_id,
        source_run_id=record.source_run or None,
        status=record.status,
        status_message=record.status_message or None,
        model_type=record.model_type or None,
        creation_timestamp=record.created,
        last_updated_timestamp=record.updated,
        params=dict(record.params),
        tags=dict(record.tags),
    )
