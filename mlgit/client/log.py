"""Logging by run id; a run that has ended takes more and keeps its status."""

from __future__ import annotations

from collections.abc import Sequence

from mlgit import times
from mlgit.client.base import Calls
from mlgit.entities.values import (
    DatasetInput,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunOperations,
    RunTag,
)
from mlgit.records.inputs import DatasetInput as DatasetRecord
from mlgit.records.inputs import ModelLink
from mlgit.records.metrics import Point
from mlgit.runs.redact import redacted_text


class LogCalls(Calls):
    """What a client can log."""

    def log_param(
        self, run_id: str, key: str, value: object, synchronous: bool | None = None
    ) -> object:
        """Log one parameter; gives the value back.

        Raises:
            InvalidState: The run has another value for it.
        """
        self.log_batch(run_id, params=[Param(key, str(value))], synchronous=synchronous)
        return value

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> RunOperations | None:
        """Log one value of a metric at a step (0 when None) and time (now when None)."""
        when = times.now_ms() if timestamp is None else timestamp
        metric = Metric(key, value, when, step or 0, model_id, dataset_name, dataset_digest)
        return self.log_batch(run_id, metrics=[metric], synchronous=synchronous)

    def set_tag(
        self, run_id: str, key: str, value: object, synchronous: bool | None = None
    ) -> RunOperations | None:
        """Set one tag."""
        return self.log_batch(run_id, tags=[RunTag(key, str(value))], synchronous=synchronous)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Take a tag away.

        Raises:
            NotFound: The run has no such tag.
        """
        with self.tracker.writing(run_id) as run:
            run.delete_tag(key)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Log many things in one go, of any number; all are checked before any is logged.

        Of a tag that is there twice the last value counts.

        Raises:
            InvalidValue: A key or value cannot be logged, or a parameter is there twice.
            InvalidState: A parameter has another value already.
        """
        with self.tracker.writing(run_id) as run:
            run.log_batch(
                [_point(one) for one in metrics],
                [(one.key, one.value) for one in params],
                {one.key: one.value for one in tags},
            )
        return RunOperations() if synchronous is False else None

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        """Say which datasets and models the run read."""
        links = [ModelLink(one.model_id, "in") for one in models or ()]
        with self.tracker.writing(run_id) as run:
            run.log_inputs([_record(one) for one in datasets or ()], links)

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Say which models the run made, and at which step."""
        with self.tracker.writing(run_id) as run:
            run.log_inputs((), [ModelLink(one.model_id, "out", one.step) for one in models])


def _point(one: Metric) -> Point:
    return Point(
        one.step,
        one.timestamp,
        one.key,
        one.value,
        one.model_id or "",
        one.dataset_name or "",
        one.dataset_digest or "",
    )


def _record(one: DatasetInput) -> DatasetRecord:
    dataset = one.dataset
    return DatasetRecord(
        name=dataset.name,
        digest=dataset.digest,
        source_type=dataset.source_type,
        source=redacted_text(dataset.source),
        schema=dataset.schema,
        profile=dataset.profile,
        tags={tag.key: tag.value for tag in one.tags},
    )
