"""Our records as MLflow's entities."""

from __future__ import annotations

from math import inf
from sys import float_info
from typing import TYPE_CHECKING

from mlflow import entities as theirs
from mlflow.entities import model_registry

from mlgit.bridges.mlflow import older

if TYPE_CHECKING:
    from mlgit.entities.logged_model import LoggedModel
    from mlgit.entities.registry import ModelVersion, RegisteredModel
    from mlgit.entities.values import Experiment
    from mlgit.records.inputs import Inputs
    from mlgit.records.metrics import Point
    from mlgit.records.run import Run

_INPUT = "in"


def run_info(run: Run, artifact_uri: str) -> theirs.RunInfo:
    """The head of a run."""
    info: theirs.RunInfo = older.made(
        theirs.RunInfo,
        run_id=run.id,
        run_uuid=run.id,  # as MLflow 2 has it, too
        experiment_id=run.experiment_id,
        user_id=run.user,
        status=run.status.value,
        start_time=run.start,
        end_time=run.end,
        lifecycle_stage=run.lifecycle,
        artifact_uri=artifact_uri,
        run_name=run.name,
    )
    return info


def run(run: Run, inputs: Inputs, artifact_uri: str) -> theirs.Run:
    """A run with all that MLflow's pages show of it."""
    metrics = [
        _point(key, finite(one.last), one.time, one.step, run_id=run.id)
        for key, one in run.metrics.items()
    ]
    data = theirs.RunData(
        metrics=metrics,
        params=[theirs.Param(key, value) for key, value in run.params.items()],
        tags=[theirs.RunTag(key, value) for key, value in run.all_tags().items()],
    )
    whole: theirs.Run = older.made(
        theirs.Run,
        run_info=run_info(run, artifact_uri),
        run_data=data,
        run_inputs=_inputs(inputs),
        run_outputs=_outputs(inputs),
    )
    return whole


def finite(value: float) -> float:
    """A value that MLflow's pages can show: they break at infinity, as its own store knows."""
    return float_info.max if value == inf else -float_info.max if value == -inf else value


def metric(point: Point, run_id: str) -> theirs.Metric:
    """One point."""
    return _point(
        point.key,
        finite(point.value),
        point.timestamp,
        point.step,
        model_id=point.model_id or None,
        dataset_name=point.dataset_name or None,
        dataset_digest=point.dataset_digest or None,
        run_id=run_id,
    )


def _point(key: str, value: float, at: int, step: int, **more: str | None) -> theirs.Metric:
    return older.made(theirs.Metric, key=key, value=value, timestamp=at, step=step, **more)


def experiment(one: Experiment, artifact_location: str) -> theirs.Experiment:
    """An experiment."""
    return theirs.Experiment(
        one.experiment_id,
        one.name,
        one.artifact_location or artifact_location,
        one.lifecycle_stage,
        [theirs.ExperimentTag(key, value) for key, value in one.tags.items()],
        one.creation_time,
        one.last_update_time,
    )


def logged_model(
    one: LoggedModel, artifact_location: str, metrics: list[theirs.Metric]
) -> theirs.LoggedModel:
    """A logged model."""
    return theirs.LoggedModel(
        experiment_id=one.experiment_id,
        model_id=one.model_id,
        name=one.name,
        artifact_location=artifact_location,
        creation_timestamp=one.creation_timestamp,
        last_updated_timestamp=one.last_updated_timestamp,
        model_type=one.model_type,
        source_run_id=one.source_run_id,
        status=theirs.LoggedModelStatus(one.status),
        status_message=one.status_message,
        tags=dict(one.tags),
        params=dict(one.params),
        metrics=metrics,
    )


def model_version(one: ModelVersion) -> model_registry.ModelVersion:
    """One version of a registered model."""
    return older.made(
        model_registry.ModelVersion,
        name=one.name,
        version=one.version,
        creation_timestamp=one.creation_timestamp,
        last_updated_timestamp=one.last_updated_timestamp,
        description=one.description,
        user_id=one.user_id,
        current_stage=one.current_stage,
        source=one.source,
        run_id=one.run_id,
        status=one.status,
        status_message=one.status_message,
        tags=[model_registry.ModelVersionTag(key, text) for key, text in one.tags.items()],
        aliases=list(one.aliases),
        model_id=one.model_id,
    )


def registered_model(one: RegisteredModel) -> model_registry.RegisteredModel:
    """A registered model with its newest versions."""
    return model_registry.RegisteredModel(
        name=one.name,
        creation_timestamp=one.creation_timestamp,
        last_updated_timestamp=one.last_updated_timestamp,
        description=one.description,
        latest_versions=[model_version(each) for each in one.latest_versions],
        tags=[model_registry.RegisteredModelTag(key, text) for key, text in one.tags.items()],
        aliases=[
            model_registry.RegisteredModelAlias(alias, number)
            for alias, number in one.aliases.items()
        ],
    )


def _inputs(inputs: Inputs) -> theirs.RunInputs:
    datasets = [
        theirs.DatasetInput(
            theirs.Dataset(
                one.name,
                one.digest,
                one.source_type,
                one.source,
                one.schema or None,
                one.profile or None,
            ),
            [theirs.InputTag(key, value) for key, value in one.tags.items()],
        )
        for one in inputs.datasets
    ]
    used = [(one.model_id,) for one in inputs.models if one.direction == _INPUT]
    models = older.linked("LoggedModelInput", used)
    return older.made(theirs.RunInputs, dataset_inputs=datasets, model_inputs=models)


def _outputs(inputs: Inputs) -> theirs.RunOutputs | None:
    if not older.HAS_LOGGED_MODELS:
        return None
    made = [(one.model_id, one.step) for one in inputs.models if one.direction != _INPUT]
    return theirs.RunOutputs(older.linked("LoggedModelOutput", made))
