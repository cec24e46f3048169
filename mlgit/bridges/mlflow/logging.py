"""What is logged to runs, as MLflow hands it over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlgit.bridges.mlflow import older
from mlgit.bridges.mlflow.base import Calls
from mlgit.entities import values

if TYPE_CHECKING:
    from mlflow.entities import (
        DatasetInput,
        LoggedModelInput,
        LoggedModelOutput,
        Metric,
        Param,
        RunTag,
    )

_MODELS_TAG = "mlflow.log-model.history"


class LogCalls(Calls):
    """See MLflow's `AbstractStore`."""

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric],
        params: Sequence[Param],
        tags: Sequence[RunTag],
    ) -> None:
        self.client.log_batch(
            run_id,
            [
                values.Metric(
                    one.key,
                    one.value,
                    one.timestamp,
                    one.step,
                    *older.context_of(one),
                )
                for one in metrics
            ],
            [values.Param(one.key, one.value) for one in params],
            [values.RunTag(one.key, one.value) for one in tags],
        )

    def delete_tag(self, run_id: str, key: str) -> None:
        self.client.delete_tag(run_id, key)

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        self.client.log_inputs(
            run_id,
            [_dataset(one) for one in datasets or ()],
            [values.LoggedModelInput(one.model_id) for one in models or ()],
        )

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        made = [values.LoggedModelOutput(one.model_id, one.step) for one in models]
        self.client.log_outputs(run_id, made)

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """As MLflow 2: a tag of the run lists what was saved."""
        before = self.tracker.view(run_id).run.all_tags().get(_MODELS_TAG, "[]")
        every = [*json.loads(before), older.described(mlflow_model)]
        self.client.set_tag(run_id, _MODELS_TAG, json.dumps(every))


def _dataset(one: DatasetInput) -> values.DatasetInput:
    dataset = one.dataset
    return values.DatasetInput(
        values.Dataset(
            dataset.name,
            dataset.digest,
            dataset.source_type,
            dataset.source,
            dataset.schema or "",
            dataset.profile or "",
        ),
        [values.InputTag(tag.key, tag.value) for tag in one.tags or ()],
    )
