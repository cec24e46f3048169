"""A run as the API gives it back: MLflow's attributes over our record."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from mlgit.entities.values import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
)
from mlgit.records.inputs import DatasetInput as DatasetRecord
from mlgit.records.inputs import Inputs
from mlgit.records.run import Run as RunRecord


class Run:
    """One run: `info`, `data`, `inputs` and `outputs`, as MLflow's users know it."""

    def __init__(self, record: RunRecord, links: Callable[[], Inputs] = Inputs) -> None:
        self._record = record
        self._links = links

    @property
    def record(self) -> RunRecord:
        """The run as mlgit's own value."""
        return self._record

    @cached_property
    def links(self) -> Inputs:
        """Datasets and models as mlgit's own value; opened on first use."""
        return self._links()

    @cached_property
    def info(self) -> RunInfo:
        """Name, status and times."""
        return run_info(self.record)

    @cached_property
    def data(self) -> RunData:
        """Metrics, parameters and tags."""
        return run_data(self.record)

    @cached_property
    def inputs(self) -> RunInputs:
        """Datasets and models that the run read; opened on first use."""
        links = self.links
        read = [LoggedModelInput(link.model_id) for link in links.models if link.direction == "in"]
        return RunInputs([_dataset_input(one) for one in links.datasets], read)

    @cached_property
    def outputs(self) -> RunOutputs:
        """Models that the run made; opened on first use."""
        made = [link for link in self.links.models if link.direction == "out"]
        return RunOutputs([LoggedModelOutput(link.model_id, link.step) for link in made])

    def to_dictionary(self) -> dict[str, Any]:
        """Every field as plain dictionaries and lists."""
        return {
            "info": _plain(self.info),
            "data": _plain(self.data),
            "inputs": _plain(self.inputs),
        }

    def __repr__(self) -> str:
        return f"<Run: {self.info!r}, {self.data!r}>"

    def _repr_html_(self) -> str:
        from mlgit.notebook import run_html

        return run_html(self.info, self.data)

    def _repr_markdown_(self) -> str:
        from mlgit.notebook import run_markdown

        return run_markdown(self.info, self.data)


def run_info(record: RunRecord) -> RunInfo:
    """The head of a run."""
    return RunInfo(
        run_id=record.id,
        run_name=record.name,
        experiment_id=record.experiment_id,
        user_id=record.user,
        status=record.status.value,
        start_time=record.start,
        end_time=record.end,
        lifecycle_stage=record.lifecycle,
        artifact_uri=f"runs:/{record.id}",
    )


def run_data(record: RunRecord) -> RunData:
    """The contents of a run."""
    metrics = {key: summary.last for key, summary in record.metrics.items()}
    return RunData(metrics, dict(record.params), dict(record.all_tags()))


def _dataset_input(one: DatasetRecord) -> DatasetInput:
    dataset = Dataset(one.name, one.digest, one.source_type, one.source, one.schema, one.profile)
    return DatasetInput(dataset, [InputTag(key, value) for key, value in one.tags.items()])


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {key: _plain(part) for key, part in value._asdict().items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value
