"""Experiments of a store, as MLflow asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlflow.entities import ViewType

from mlgit.bridges.mlflow import entities
from mlgit.bridges.mlflow.base import Calls, paged
from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlflow.entities import Experiment, ExperimentTag
    from mlflow.store.entities.paged_list import PagedList

    from mlgit.entities.values import Experiment as OurExperiment

MOST = 50_000  # of one page, as everywhere


class ExperimentCalls(Calls):
    """See MLflow's `AbstractStore`."""

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1_000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        found = self.client.search_experiments(
            view_type, max_results, filter_string, list(order_by or ()), page_token or None
        )
        return paged(map(self._experiment, found), found.token)

    def create_experiment(
        self,
        name: str,
        artifact_location: str | None = None,
        tags: Sequence[ExperimentTag] | None = None,
        **_: Any,
    ) -> str:
        given = {one.key: one.value for one in tags or ()}
        return self.client.create_experiment(name, artifact_location, given)

    def get_experiment(self, experiment_id: str) -> Experiment:
        return self._experiment(self.client.get_experiment(str(experiment_id)))

    def get_experiment_by_name(self, experiment_name: str) -> Experiment | None:
        found = self.client.get_experiment_by_name(experiment_name)
        return None if found is None else self._experiment(found)

    def delete_experiment(self, experiment_id: str) -> None:
        self._require(str(experiment_id), "active")
        for run in list(self.tracker.open_runs.values()):
            if run.experiment.id == str(experiment_id):
                self.tracker.release(run.id)
        self.client.delete_experiment(str(experiment_id))

    def restore_experiment(self, experiment_id: str) -> None:
        self._require(str(experiment_id), "deleted")
        self.client.restore_experiment(str(experiment_id))

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        self._require(str(experiment_id), "active")
        self.client.rename_experiment(str(experiment_id), new_name)

    def set_experiment_tag(self, experiment_id: str, tag: ExperimentTag) -> None:
        self.client.set_experiment_tag(str(experiment_id), tag.key, tag.value)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self.client.delete_experiment_tag(str(experiment_id), key)

    def _require(self, experiment_id: str, lifecycle: str) -> None:
        """As MLflow's own store, which has nothing deleted twice."""
        found = self.client.get_experiment(experiment_id)
        if found.lifecycle_stage != lifecycle:
            raise NotFound(
                f"experiment {experiment_id} is {found.lifecycle_stage}, not {lifecycle}"
            )

    def _experiment(self, one: OurExperiment) -> Experiment:
        location = f"{self.client.tracking_uri}/{one.experiment_id}"
        return entities.experiment(one, location)
