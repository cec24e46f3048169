"""The handle of a run under way: what is logged through it is safe when the call returns."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlgit import times
from mlgit.errors import MlgitError, NotFound, StorageFailed
from mlgit.records.run import Run, RunStatus
from mlgit.runs import sync
from mlgit.runs.artifact_log import ArtifactLog
from mlgit.runs.checkpoints import CheckpointPolicy, Schedule
from mlgit.runs.compose import Source
from mlgit.runs.field_log import FieldLog, Pairs, checked_params, checked_tags
from mlgit.runs.journal_read import parse
from mlgit.runs.journal_records import HELPER
from mlgit.runs.live_view import LiveView
from mlgit.runs.metric_log import MetricLog, checked_rows
from mlgit.runs.notice import warn
from mlgit.runs.publish import Own, publish_run

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.records.experiment import Experiment
    from mlgit.records.metrics import Point
    from mlgit.runs.run_view import RunView
    from mlgit.runs.session import Session


class ActiveRun(MetricLog, FieldLog, ArtifactLog):
    """One run that this process logs to; made by `begin.start`, `resume` and `visit`.

    Logging raises only for what the caller did wrong (InvalidValue for keys and values,
    InvalidState for a parameter that is fixed or a handle that is finished) and, when strict,
    StorageFailed. Safe in several threads; a forked child that logs through it writes to the same
    run and never ends it.

    Attributes:
        failure: Why the last checkpoint or the end could not be published; None when it was.
    """

    def __init__(self, session: Session, strict: bool, policy: CheckpointPolicy) -> None:
        MetricLog.__init__(self, session.journal)
        FieldLog.__init__(self, session)
        ArtifactLog.__init__(self, session)
        self.failure: MlgitError | None = None
        self._view = LiveView(session.store)
        self._strict = strict
        self._process = os.getpid()
        self._publishing = threading.RLock()
        self._schedule = Schedule(policy, time.monotonic())
        self._checkpointing: threading.Thread | None = None
        self._finished = False
        sync.watch(self)

    @property
    def id(self) -> str:
        """The run's id."""
        return self._session.state.run.id

    @property
    def experiment(self) -> Experiment:
        """The run's experiment, which may not be on the branch yet."""
        return self._session.experiment

    @property
    def folder(self) -> str:
        """The run's folder on the branch."""
        return self._session.journal.file.header.folder

    @property
    def run(self) -> Run:
        """The run as this process knows it, without its metrics: see `view` for those."""
        with self._session.lock:
            return self._session.state.whole_run()

    def view(self) -> RunView:
        """The run as of now, with its metrics and with what other processes logged to it."""
        file = self._session.journal.file
        with self._session.lock:
            own = None
            if not self._finished and (file.backlog or not file.size()):  # the disk refuses
                own = Source(file.header.writer, parse(file.read()))
            found = self._view.of_run(self.id, own)
        if found is None:
            raise NotFound(f"run {self.id} is no more", hint="mlgit check", id=self.id)
        return found

    @property
    def is_finished(self) -> bool:
        """Whether nothing more can be logged through this handle."""
        return self._finished

    @property
    def unsafe_points(self) -> int:
        """Points that wait in memory because the disk refuses."""
        return self._session.journal.file.backlog.points

    def happens(self, event: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> None:
        """Write an event down and let it count; for the parts of this package."""
        self._session.happens(event, files)

    def log_batch(self, points: Iterable[Point], params: Pairs, tags: Pairs) -> None:
        """Log points, parameters and tags; all are checked before any is logged.

        Raises:
            As `log_points`, `log_params` and `set_tags`.
        """
        rows, values, labels = checked_rows(points), checked_params(params), checked_tags(tags)
        with self._session.lock:
            new = self._new_params(values)
            self._session.journal.append_points(rows)
            self._happen(new, labels)

    def set_status(self, status: RunStatus, end: int | None = None) -> None:
        """Say how the run stands without letting go of it; `end` is now unless given."""
        at = times.now_ms() if end is None else end
        self.happens({"do": "status", "status": status.value, "end": at})

    def finish(
        self, status: RunStatus | None = RunStatus.FINISHED, end: int | None = None
    ) -> Oid | None:
        """End the run and put it on the branch as one commit; later calls do nothing.

        A visitor (see `begin.visit`), and a forked child, only let go of the run: who started it
        publishes what they logged. `status` None leaves the status as it is.

        Returns:
            The commit; None where nothing was published here. `failure` says why not, and a later
            command does it: nothing that the disk took is lost.

        Raises:
            MlgitError: When strict, what `failure` would hold.
        """
        with self._publishing:  # waits for a checkpoint under way
            if self._finished:
                return None
            self._finished = True
            sync.unwatch(self)
            forked = os.getpid() != self._process
            with suppress(StorageFailed):  # strict: kept in memory all the same, and published
                if status is not None and not (forked or self._is_helper()):
                    self.set_status(status, end)
            if self._session.store.spools:
                self._leave_behind()
                return None
            own = self._close()
            silent = len(own.content.points) + len(own.content.events) == 0
            return None if forked or silent else self._publish(own)

    def discard(self) -> None:
        """Undo a beginning that failed: the run never was."""
        self._finished = True
        sync.unwatch(self)
        self._session.journal.file.discard()

    def _is_helper(self) -> bool:
        return self._session.journal.file.header.role == HELPER

    def _close(self) -> Own:
        """Give the journal back; what it says, also where the disk did not take it."""
        file = self._session.journal.file
        with file.lock:
            content = parse(file.read())
            file.close()
        return Own(file.header.writer, content)

    def _leave_behind(self) -> None:
        """Close the journal for whoever flushes the spool, once it is safe where it lies."""
        file = self._session.journal.file
        file.tick()
        file.close()
        if file.backlog:
            self.failure = StorageFailed(f"run {self.id} is not safe: {file.path} is not written")
            if self._strict:
                raise self.failure
            warn(str(self.failure))

    def checkpoint(self) -> Oid | None:
        """Publish the run as it stands, still RUNNING; the commit, None where it failed.

        Raises:
            MlgitError: When strict, what `failure` would hold.
        """
        with self._publishing:
            if self._finished or os.getpid() != self._process or self._session.store.spools:
                return None
            began, size = time.monotonic(), self._session.journal.file.size()
            self.happens({"do": "seal"})
            content = parse(self._session.journal.file.read())
            writer = self._session.journal.file.header.writer
            alive = times.now_ms() + int(self._schedule.alive_for() * 1000)
            try:
                return self._publish(Own(writer, content, sealed=True, alive_until=alive))
            finally:
                now = time.monotonic()
                self._schedule.done(now, size, now - began)

    def _publish(self, own: Own) -> Oid | None:
        try:
            self.failure = None
            return publish_run(self._session.store, self.id, own)
        except MlgitError as error:
            self.failure = error
        except OSError as error:
            self.failure = StorageFailed(f"run {self.id} cannot be published: {error}")
        if self._strict:
            raise self.failure
        warn(self._trouble())
        return None

    def _trouble(self) -> str:
        waiting = self.unsafe_points
        safe = "what was logged is safe in its journal, and a later mlgit command publishes it"
        lost = f"{waiting} points are not safe: they are only in this process's memory"
        return f"run {self.run.name} is not published: {self.failure}; {lost if waiting else safe}"

    def tick(self) -> None:
        """Make a checkpoint when one is due, on a thread of its own; for the background thread."""
        size = self._session.journal.file.size()
        busy = self._checkpointing is not None and self._checkpointing.is_alive()
        if busy or self._finished or self._is_helper():
            return
        if not self._schedule.is_due(time.monotonic(), size):
            return
        thread = threading.Thread(target=self._checkpoint_quietly, name="mlgit-checkpoint")
        thread.daemon = True
        self._checkpointing = thread
        with suppress(RuntimeError):  # no thread to be had: the next tick tries again
            thread.start()

    def _checkpoint_quietly(self) -> None:
        with suppress(MlgitError):  # strict: it is in `failure`; nobody is there to catch it
            self.checkpoint()

    def forked(self) -> None:
        """Nothing is published by a child; its own lock must not wait for a parent's thread."""
        self._publishing = threading.RLock()
        self._session.forked()
