"""Runs by id, from their creation to their end and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlgit.client.base import Calls
from mlgit.client.experiments import experiment_of
from mlgit.entities.paged import PagedList
from mlgit.entities.run import Run
from mlgit.entities.values import Metric
from mlgit.errors import InvalidValue, NotFound
from mlgit.records.run import RunStatus
from mlgit.runs import edit

if TYPE_CHECKING:
    from mlgit.published import PublishedRun
    from mlgit.records.metrics import Point
    from mlgit.runs.run_view import RunView


class RunCalls(Calls):
    """What a client can do with runs."""

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: Mapping[str, object] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Begin a run; it is RUNNING until `set_terminated`, also after this process has ended.

        Raises:
            NotFound, InvalidState: There is no such experiment; it is deleted.
            InvalidValue: A name or tag cannot be used, or two names differ.
        """
        experiment = experiment_of(self.tracker.store.snapshot(), str(experiment_id))
        labels = {key: str(value) for key, value in (tags or {}).items()}
        from mlgit.runs.begin import RunRequest

        request = RunRequest(name=run_name or "", tags=labels, start=start_time)
        return self.get_run(self.tracker.start(experiment, request).id)

    def set_terminated(
        self, run_id: str, status: str | None = None, end_time: int | None = None
    ) -> None:
        """End a run, FINISHED unless said otherwise, now unless said otherwise.

        Raises:
            NotFound: There is no such run.
            InvalidValue: A run cannot end so.
        """
        ending = ending_status(status or RunStatus.FINISHED.value)
        ours = self.tracker.open_runs.get(run_id)
        if ours is not None:
            self.tracker.finish(ours, ending, end_time)
            return
        with self.tracker.writing(run_id) as run:
            run.set_status(ending, end_time)
        self.tracker.leave(run_id)

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Change a run's status or name.

        Raises:
            InvalidValue: There is no such status, or it cannot be a name.
        """
        wanted = None if status is None else status_of(status)
        with self.tracker.writing(run_id) as run:
            if name is not None:
                run.rename(name)
            if wanted is not None:
                run.set_status(wanted)

    def get_run(self, run_id: str) -> Run:
        """The run of that id (or a unique beginning of it, or its name), as of now.

        Raises:
            NotFound, Ambiguous: There is none; there are several.
        """
        return presented(self.tracker.find(run_id))

    def get_parent_run(self, run_id: str) -> Run | None:
        """The run that a run is nested in; None for a run of its own."""
        parent = self.tracker.find(run_id).run.parent
        return self.get_run(parent) if parent else None

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted; harmless where it is."""
        if self.tracker.view(run_id).run.lifecycle == "active":
            self.tracker.publish(run_id)
            edit.delete(self.tracker.store, self.tracker.view(run_id).folder)

    def restore_run(self, run_id: str) -> None:
        """Bring a deleted or purged run back; harmless where it is in use.

        Raises:
            NotFound, Unsupported: It was purged, and the history here does not reach so far back.
        """
        try:
            view = self.tracker.view(run_id)
        except NotFound:
            self._restore_purged(run_id)
            return
        if view.run.lifecycle != "active":
            edit.restore(self.tracker.store, view.folder)

    def _restore_purged(self, run_id: str) -> None:
        from mlgit.runs import purge
        from mlgit.store.past import purged_folder

        folder = purged_folder(self.tracker.store.snapshot(), run_id)
        if not folder:
            raise NotFound(f"there is no run {run_id!r}", hint="mlgit runs", run_id=run_id)
        purge.restore(self.tracker.store, folder)

    def purge_run(self, run_id: str, force: bool = False) -> None:
        """Take a deleted run from the branch; its history still has it, for `restore_run`.

        Args:
            run_id: The run.
            force: Also where it is not deleted.

        Raises:
            NotFound: There is no such run.
            InvalidState: It is not deleted, being logged to, or the source of a registered version
                or logged model.
        """
        from mlgit.runs import purge

        self.tracker.leave(run_id)
        view = self.tracker.view(run_id)
        purge.refuse_live(self.tracker.store, view.run)
        purge.purge(self.tracker.store, view.folder, force=force)

    def get_metric_history(self, run_id: str, key: str) -> PagedList[Metric]:
        """Every value of a metric, by step, then time; empty where it was never logged."""
        view = self.tracker.find(run_id)
        return PagedList(_metric(point, view.run.id) for point in view.points if point.key == key)


def presented(view: RunView | PublishedRun) -> Run:
    """A run as the API shows it."""
    return Run(view.run, lambda: view.inputs)


def status_of(status: str) -> RunStatus:
    """The status of that name.

    Raises:
        InvalidValue: There is none.
    """
    try:
        return RunStatus(status)
    except ValueError as error:
        known = ", ".join(one.value for one in RunStatus)
        raise InvalidValue(
            f"there is no status {status!r}", hint=f"use one of {known}", status=status
        ) from error


def ending_status(status: str) -> RunStatus:
    """The status of that name, which must be one that runs end with.

    Raises:
        InvalidValue: It is none.
    """
    found = status_of(status)
    if not found.terminal:
        ending = ", ".join(one.value for one in RunStatus if one.terminal)
        raise InvalidValue(f"a run cannot end as {status}", hint=f"use one of {ending}")
    return found


def _metric(point: Point, run_id: str) -> Metric:
    return Metric(
        key=point.key,
        value=point.value,
        timestamp=point.timestamp,
        step=point.step,
        model_id=point.model_id or None,
        dataset_name=point.dataset_name or None,
        dataset_digest=point.dataset_digest or None,
        run_id=run_id,
    )
