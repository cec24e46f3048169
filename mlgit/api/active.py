"""The runs of this thread that are under way, and how each ends."""

from __future__ import annotations

import atexit
import sys
from types import TracebackType
from typing import TYPE_CHECKING

from mlgit.api.context import client, stacks, under_way
from mlgit.client.runs import ending_status
from mlgit.entities.run import Run, run_data, run_info
from mlgit.records.run import Run as RunRecord
from mlgit.records.run import RunStatus

if TYPE_CHECKING:
    from mlgit.entities.values import RunData, RunInfo
    from mlgit.runs.live import ActiveRun as LiveRun
    from mlgit.runs.system import SystemSampler
    from mlgit.tracker import Tracker


class ActiveRun(Run):
    """A run under way; `info` and `data` show what was logged so far. Ends with its `with` block.

    Attributes:
        live: The handle that writes.
        tracker: The store it is recorded in.
        sampler: What measures the machine meanwhile; None when nothing does.
    """

    def __init__(
        self, tracker: Tracker, live: LiveRun, sampler: SystemSampler | None = None
    ) -> None:
        super().__init__(live.run, lambda: tracker.view(live.id).inputs)
        self.live, self.tracker, self.sampler = live, tracker, sampler

    @property
    def record(self) -> RunRecord:
        """The run as it stands."""
        return self.tracker.view(self.live.id).run

    @property
    def info(self) -> RunInfo:
        """Name, status and times."""
        return run_info(self.record)

    @property
    def data(self) -> RunData:
        """Metrics, parameters and tags."""
        return run_data(self.record)

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if any(run is self for run in stacks.runs):
            end_down_to(self, _status_after(kind))


def active_run() -> ActiveRun | None:
    """The innermost run of this thread that is under way."""
    return stacks.runs[-1] if stacks.runs else None


def last_active_run() -> Run | None:
    """The active run of this thread, else the one that ended last."""
    if stacks.runs:
        return stacks.runs[-1]
    return client().get_run(stacks.last_id) if stacks.last_id else None


def end_run(status: str = "FINISHED") -> None:
    """End the innermost run of this thread; harmless without one.

    Raises:
        InvalidValue: No run can end with that status.
    """
    ending = ending_status(status)
    if stacks.runs:
        end_down_to(stacks.runs[-1], ending)


def push(run: ActiveRun) -> None:
    """Make a run the innermost one."""
    under_way.append(run)
    stacks.runs.append(run)


def end_down_to(run: ActiveRun, status: RunStatus) -> None:
    """End a run and those started inside it."""
    while stacks.runs:
        innermost = stacks.runs.pop()
        stacks.last_id = innermost.live.id
        under_way.remove(innermost)
        _finish(innermost, status)
        if innermost is run:
            return


def _end_forgotten() -> None:
    """What a program leaves open ends as the program does."""
    status = _status_after(_uncaught())
    for run in reversed(under_way):
        _finish(run, status)


atexit.register(_end_forgotten)


def _finish(run: ActiveRun, status: RunStatus) -> None:
    if run.sampler is not None:
        run.sampler.stop()
    run.tracker.finish(run.live, status)


def _uncaught() -> type[BaseException] | None:
    """The exception that ends a script; an interactive session outlives its exceptions."""
    return None if hasattr(sys, "ps1") else getattr(sys, "last_type", None)


def _status_after(error: type[BaseException] | None) -> RunStatus:
    if error is None:
        return RunStatus.FINISHED
    return RunStatus.KILLED if issubclass(error, KeyboardInterrupt) else RunStatus.FAILED
