"""One store as this process uses it: the runs it has open, and what can be read of any run."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import where
from mlgit.errors import MlgitError, NotFound
from mlgit.published import PublishedModel, PublishedRun, indexed_folder, model_meant
from mlgit.runs.heal import heal
from mlgit.runs.journals import paths_of
from mlgit.runs.live_view import LiveView
from mlgit.runs.recover import recover
from mlgit.runs.spool.folder import caches, open_to_record

if TYPE_CHECKING:
    import logging

    from mlgit.artifacts.fetch import Sources
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.experiment import Experiment
    from mlgit.records.run import Run, RunStatus
    from mlgit.runs.begin import RunRequest
    from mlgit.runs.live import ActiveRun as LiveRun
    from mlgit.runs.run_view import RunView
    from mlgit.search.index import Index
    from mlgit.store.store import Store

_MOST_VISITS = 8


@dataclass(frozen=True)
class Held:
    """The artifacts of a run (or logged model) of that id and where their bytes may be."""

    id: str
    entries: list[ArtifactEntry]
    sources: Sources


class Tracker:
    """One store and the runs that this process has open in it; safe in several threads.

    Attributes:
        place: The folder the store was asked for by.
        store: The store.
        open_runs: Runs that this process began, by id.
        experiment_id: The experiment chosen for the runs to come; empty where none was.
    """

    def __init__(self, place: Path, store: Store) -> None:
        self.place, self.store = place, store
        self.experiment_id = ""
        self.open_runs: dict[str, LiveRun] = {}
        self._visits: dict[str, LiveRun] = {}  # runs of others that this process adds to
        self._view = LiveView(store)
        self._lock = threading.RLock()

    @cached_property
    def index(self) -> Index:
        """The search index."""
        from mlgit.search.index import Index

        return Index(self.store)

    # ---- writing

    def start(self, experiment: str | Experiment, request: RunRequest) -> LiveRun:
        """Begin a run; raises as `begin.start`."""
        from mlgit.runs import begin

        return self._opened(begin.start(self.store, experiment, request))

    def resume(self, run_id: str) -> LiveRun:
        """Go on with a run, RUNNING again; raises as `begin.resume`."""
        known = self.open_runs.get(run_id)
        if known is not None:
            return known
        from mlgit.runs import begin

        self.leave(run_id)
        return self._opened(begin.resume(self.store, run_id, folder=self._folder(run_id)))

    def finish(self, run: LiveRun, status: RunStatus, end: int | None = None) -> None:
        """End a run that this process has open, and publish it."""
        self.leave(run.id)
        self.open_runs.pop(run.id, None)
        run.finish(status, end)

    @contextmanager
    def writing(self, run_id: str) -> Iterator[LiveRun]:
        """A handle to log to a run with, whoever began it and whether or not it has ended.

        Raises:
            NotFound: There is no such run.
            InvalidState: It is deleted.
        """
        yield self.open_runs.get(run_id) or self._visit(run_id)

    def leave(self, run_id: str | None = None) -> None:
        """Publish what was added to a run of others (to all of them for None)."""
        with self._lock:
            for known in [run_id] if run_id else list(self._visits):
                visited = self._visits.pop(known, None)
                if visited is not None:
                    visited.finish(None)

    def publish(self, run_id: str) -> None:
        """Put what this process knows of a run on the branch, as it stands."""
        self.leave(run_id)
        ours = self.open_runs.get(run_id)
        if ours is not None:
            ours.checkpoint()

    def release(self, run_id: str) -> None:
        """Let go of a run that this process began, as it stands: others may change it then."""
        self.leave(run_id)
        ours = self.open_runs.pop(run_id, None)
        if ours is not None:
            ours.finish(None)

    def close(self) -> None:
        """Let go of every run without a word about its status, and of the store."""
        self.leave()
        for run_id in list(self.open_runs):
            self.open_runs.pop(run_id).finish(None)
        self.store.close()

    def forked(self) -> None:
        """Go on in a child process."""
        self._lock = threading.RLock()
        self.store.close()

    def _opened(self, run: LiveRun) -> LiveRun:
        self.open_runs[run.id] = run
        return run

    def _visit(self, run_id: str) -> LiveRun:
        from mlgit.runs import begin

        with self._lock:
            known = self._visits.get(run_id)
            if known is None:
                known = begin.visit(self.store, run_id, folder=self._folder(run_id))
                while len(self._visits) >= _MOST_VISITS:
                    self.leave(next(iter(self._visits)))
                self._visits[run_id] = known
            return known

    # ---- reading

    def view(self, run_id: str) -> RunView | PublishedRun:
        """A run by its whole id, as of now.

        Raises:
            NotFound: There is no such run.
        """
        ours = self.open_runs.get(run_id)
        if ours is not None:  # it sees itself also when the disk refuses its journal
            return ours.view()
        folder = self._folder(run_id)
        if folder:
            return PublishedRun(self.store, folder)
        with self._lock:
            found = self._view.of_run(run_id)
        if found is None:
            raise NotFound(f"there is no run {run_id!r}", hint="mlgit runs", run_id=run_id)
        # What the branch names may be on a remote only, and a view of journals asks none.
        return found if found.is_live else PublishedRun(self.store, found.folder, found.run)

    def _folder(self, run_id: str) -> str:
        """Where the index has a run that is not under way here; empty where it does not know."""
        if paths_of(self.store.data, run_id) or not self.index.path.exists():
            return ""
        return indexed_folder(self.index, run_id)

    def live(self) -> list[Run]:
        """The runs under way on this machine; of a spool only those of this process."""
        with self._lock:
            if self.store.spools:
                return [run.view().run for run in self.open_runs.values()]
            return self._view.runs()

    def find(self, reference: str) -> RunView | PublishedRun:
        """A run by its id, the beginning of it, its name, or `@last` and the like.

        Raises:
            NotFound, Ambiguous, InvalidValue: It means no run, or several; it is no reference.
        """
        with suppress(NotFound):
            return self.view(reference)
        from mlgit.search.resolve import resolve_run, split_reference
        from mlgit.store.past import refuse_purged

        try:
            return self.view(resolve_run(self.index, reference, self.live()).run.id)
        except NotFound:
            refuse_purged(self.store.snapshot(), split_reference(reference)[0])
            raise

    def artifacts(self, run_id: str) -> Held:
        """The artifacts of a run, also of one under way, or of a logged model."""
        from mlgit.holdings.read import sources_of

        model_id = model_meant(run_id)
        if model_id:
            model = PublishedModel(self.store, model_id)
            return Held(model.id, model.manifest, sources_of(self.store, model))
        view = self.find(run_id)
        places = caches(self.store, view.run.id)
        return Held(view.run.id, view.manifest, sources_of(self.store, view, places))

    def downloads(self, run_id: str) -> Path:
        """Where artifacts of a run are copied to when no place is named."""
        if self.store.spools:
            from tempfile import mkdtemp

            return Path(mkdtemp(prefix="mlgit-"))
        self.store.make_folders()
        return self.store.cache / "artifacts" / run_id


_trackers: dict[tuple[str, ...], Tracker] = {}
_lock = threading.Lock()


def of(place: Path | None) -> Tracker:
    """The tracker of the store around a folder (default: named by a variable, or the current).

    Raises:
        NotARepository, NoStore: There is none.
    """
    asked = place or where.from_environment()
    folder = asked or Path.cwd()
    named = ("GIT_DIR", "MLGIT_BRANCH", "MLGIT_SPOOL")
    key = (str(folder), *(os.environ.get(name, "") for name in named))
    with _lock:
        found = _trackers.get(key)
        if found is None:
            found = _trackers[key] = Tracker(folder, open_to_record(asked))
            if not found.store.spools:
                _tidy(found.store)
        return found


def _tidy(store: Store) -> None:
    """Publish what died, look after what was published; neither may stop a training."""
    with suppress(MlgitError, OSError):
        for one in recover(store):
            _log().info(
                "recovered run %s of a program that died: %s", one.run_id, one.problem or ""
            )
        for healed in heal(store):
            _log().info("published run %s again: its objects were gone", healed.run_id)


def _log() -> logging.Logger:
    import logging

    return logging.getLogger("mlgit")


def forget() -> None:
    """Let go of every store: what was added to runs is published, each as it stands."""
    with _lock:
        for tracker in _trackers.values():
            tracker.close()
        _trackers.clear()


def _after_fork() -> None:
    """A child shares neither locks nor positions in open files with its parent."""
    global _lock
    _lock = threading.Lock()
    for tracker in _trackers.values():
        tracker.forked()


atexit.register(forget)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
