"""Runs of a store, as MLflow asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlflow.entities import RunStatus, ViewType

from mlgit.bridges.mlflow import entities
from mlgit.bridges.mlflow.base import Calls
from mlgit.client.experiments import experiment_of
from mlgit.client.runs import status_of
from mlgit.records.garbage import uncollected
from mlgit.runs.begin import RunRequest

if TYPE_CHECKING:
    from mlflow.entities import Run, RunInfo, RunTag, _DatasetSummary

    from mlgit.published import PublishedRun
    from mlgit.records.inputs import Inputs
    from mlgit.records.run import Run as Record
    from mlgit.runs.run_view import RunView

_DEFAULT = "0"


class RunCalls(Calls):
    """See MLflow's `AbstractStore`."""

    def create_run(
        self,
        experiment_id: str | None,
        user_id: str,
        start_time: int | None,
        tags: Sequence[RunTag] | None,
        run_name: str | None,
    ) -> Run:
        given = {one.key: one.value for one in tags or ()}
        if user_id:
            given.setdefault("mlflow.user", user_id)
        home = experiment_of(self.tracker.store.snapshot(), str(experiment_id or _DEFAULT))
        request = RunRequest(
            run_name or "", given, start=start_time or None, captures=not self.hosted
        )
        return self.get_run(self.tracker.start(home, request).id)

    def get_run(self, run_id: str) -> Run:
        return self._run(self.tracker.view(run_id))

    def update_run_info(
        self,
        run_id: str,
        run_status: int | None,
        end_time: int | None,
        run_name: str | None,
    ) -> RunInfo:
        if run_name:
            self.client.update_run(run_id, name=run_name)
        if run_status is not None:
            status = status_of(RunStatus.to_string(run_status))
            if status.terminal:
                self.client.set_terminated(run_id, status.value, end_time)
            else:
                self.client.update_run(run_id, status.value)
        return entities.run_info(self.tracker.view(run_id).run, self.artifact_uri(run_id))

    def delete_run(self, run_id: str) -> None:
        self.tracker.view(run_id)
        self.tracker.release(run_id)
        self.client.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        self.client.restore_run(run_id)

    def _search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None,
        run_view_type: int | None,
        max_results: int,
        order_by: Sequence[str] | None,
        page_token: str | None,
    ) -> tuple[list[Run], str | None]:
        with uncollected():
            found = self.client.search_runs(
                [str(one) for one in experiment_ids],
                filter_string or "",
                run_view_type or ViewType.ACTIVE_ONLY,
                max_results,
                list(order_by or ()),
                page_token or None,
            )
            runs = [self._presented(one.record, one.links) for one in found]
        return runs, found.token

    def _presented(self, record: Record, links: Inputs) -> Run:
        return entities.run(record, links, self.artifact_uri(record.id))

    def _search_datasets(self, experiment_ids: Sequence[str]) -> list[_DatasetSummary]:
        from mlflow.entities import _DatasetSummary  # which the oldest, that asks for none, lacks

        found = self.tracker.index.datasets([str(one) for one in experiment_ids])
        return [_DatasetSummary(one, name, digest, use or None) for one, name, digest, use in found]

    def _run(self, view: RunView | PublishedRun) -> Run:
        return self._presented(view.run, view.inputs)
