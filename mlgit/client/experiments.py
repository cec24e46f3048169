"""Experiments by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mlgit.client.base import Calls
from mlgit.client.paging import checked_size, offset_of, page
from mlgit.entities.paged import PagedList
from mlgit.entities.values import Experiment, ViewType
from mlgit.errors import NotFound
from mlgit.runs import experiments

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment as ExperimentRecord
    from mlgit.store.snapshot import Snapshot

DEFAULT_EXPERIMENT = "Default"
_DEFAULT_ID = "0"
_LIFECYCLES = {
    ViewType.ACTIVE_ONLY: ("active",),
    ViewType.DELETED_ONLY: ("deleted",),
    ViewType.ALL: ("active", "deleted"),
}


class ExperimentCalls(Calls):
    """What a client can do with experiments."""

    def create_experiment(
        self,
        name: str,
        artifact_location: str | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> str:
        """Make an experiment; gives its id.

        Raises:
            AlreadyExists: One has that name, also a deleted one.
            InvalidValue: It cannot be a name.
        """
        texts = {key: str(value) for key, value in (tags or {}).items()}
        made = experiments.create(
            self.tracker.store, name, tags=texts, artifact_location=artifact_location or ""
        )
        return made.id

    def ensure_experiment(self, name: str) -> Experiment:
        """The experiment of that name, made where there is none.

        Raises:
            InvalidState: It is deleted.
        """
        return presented(experiments.get_or_create(self.tracker.store, name))

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment of that id, also a deleted one.

        Raises:
            NotFound: There is none.
        """
        try:
            return presented(experiment_of(self.tracker.store.snapshot(), experiment_id))
        except NotFound:
            for run in self.tracker.open_runs.values():  # it is written with the first run
                if run.experiment.id == experiment_id:
                    return presented(run.experiment)
            raise

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment of that name, also a deleted one; None when there is none.

        Raises:
            Ambiguous: Several live ones have it, as after a merge.
        """
        snapshot = self.tracker.store.snapshot()
        found = snapshot.experiment_by_name(name)
        if found is None and name == DEFAULT_EXPERIMENT:
            found = experiments.find_or_new(snapshot, name)
        return presented(found) if found else None

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """One page of the experiments that a filter on names, times and tags asks for.

        Raises:
            InvalidValue: The filter, the order, the page or its size cannot be read.
        """
        start, size = offset_of(page_token), checked_size(max_results)
        found = self._selected(view_type, filter_string, order_by)
        return page(found[start : start + size + 1], size, start)

    def find_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = None,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
    ) -> PagedList[Experiment]:
        """As `search_experiments`, all of them at once."""
        return PagedList(self._selected(view_type, filter_string, order_by)[:max_results])

    def _selected(
        self, view_type: int, filter_string: str | None, order_by: Sequence[str] | None
    ) -> list[Experiment]:
        from mlgit.search.fields import EXPERIMENTS
        from mlgit.search.match import experiment_values, matches_experiment
        from mlgit.search.order import arrange, parse_order
        from mlgit.search.query import parse

        wanted = parse(filter_string or "", EXPERIMENTS)
        order = parse_order(list(order_by or ()), EXPERIMENTS)
        stages = _LIFECYCLES[ViewType(view_type)]
        found = [
            one
            for one in self.tracker.store.snapshot().experiments()[0]
            if one.lifecycle in stages and matches_experiment(wanted, one)
        ]
        found.sort(key=lambda one: (-one.created, one.id))
        return [
            presented(one)
            for one in arrange(found, order, lambda one: partial(experiment_values, one))
        ]

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Give an experiment another name.

        Raises:
            AlreadyExists: Another one has it.
        """
        experiments.rename(self.tracker.store, experiment_id, new_name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its runs as deleted."""
        self.tracker.leave()
        experiments.delete(self.tracker.store, experiment_id)

    def restore_experiment(self, experiment_id: str) -> None:
        """Bring a deleted experiment and all its runs back."""
        experiments.restore(self.tracker.store, experiment_id)

    def set_experiment_tag(self, experiment_id: str, key: str, value: object) -> None:
        """Set one tag of an experiment."""
        experiments.set_tag(self.tracker.store, experiment_id, key, value)

    def set_experiment_tags(self, experiment_id: str, tags: Mapping[str, object]) -> None:
        """Set several tags of an experiment, one by one."""
        for key, value in tags.items():
            self.set_experiment_tag(experiment_id, key, value)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Take a tag of an experiment away."""
        experiments.delete_tag(self.tracker.store, experiment_id, key)


def experiment_of(snapshot: Snapshot, experiment_id: str) -> ExperimentRecord:
    """The experiment of that id; Default is there before anything is written to it.

    Raises:
        NotFound: There is none.
    """
    found = snapshot.experiment_by_id(experiment_id)
    if found is None and experiment_id == _DEFAULT_ID:
        found = experiments.find_or_new(snapshot, DEFAULT_EXPERIMENT)
    if found is None:
        raise NotFound(f"there is no experiment {experiment_id!r}", hint="mlgit experiments")
    return found


def presented(record: ExperimentRecord) -> Experiment:
    """An experiment as the API shows it."""
    return Experiment(
        experiment_id=record.id,
        name=record.name,
        artifact_location=record.artifact_location,
        lifecycle_stage=record.lifecycle,
        tags=record.all_tags(),
        creation_time=record.created,
        last_update_time=record.updated,
    )
