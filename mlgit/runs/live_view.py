"""Runs under way on this machine, as their journals tell; and runs that nobody hears of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import Damaged, MlgitError
from mlgit.records import layout
from mlgit.records.artifact import ArtifactEntry
from mlgit.records.experiment import Experiment
from mlgit.records.inputs import Inputs
from mlgit.records.metrics import Point
from mlgit.records.run import Run, RunStatus
from mlgit.runs import compose, journals
from mlgit.runs.history import all_points
from mlgit.runs.journal_read import JournalContent, follow
from mlgit.runs.segments import points

if TYPE_CHECKING:
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


def is_lost(run: Run, now: int | None = None) -> bool:
    """Whether a run that says it is RUNNING has missed its own sign of life."""
    if run.status is not RunStatus.RUNNING or run.alive_until is None:
        return False
    return run.alive_until < (times.now_ms() if now is None else now)


class RunView(NamedTuple):
    """One run as of now: what the branch has, and on top what this machine's journals say.

    Made by `LiveView`.

    Attributes:
        run: Its fields, with running summaries of its metrics.
        experiment: Its experiment, which may not be on the branch yet.
        folder: Its folder on the branch.
        manifest: Its artifacts by path.
        inputs: Its datasets and models.
        small: Artifacts that are only in journals so far, by sha256.
        is_live: Whether there are journals of it here.
    """

    run: Run
    experiment: Experiment
    folder: str
    manifest: list[ArtifactEntry]
    inputs: Inputs
    small: dict[str, bytes]
    is_live: bool
    load_points: Callable[[], list[Point]]

    @property
    def points(self) -> list[Point]:
        """All its points, by step, timestamp, then order of logging."""
        return self.load_points()

    @property
    def outline(self) -> list[Point]:
        """Enough of its points to draw its curves."""
        return self.load_points()


class LiveView:
    """What this machine's journals say of runs; keep it to read only what is new each time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._contents: dict[str, dict[str, JournalContent]] = {}
        self._views: dict[str, tuple[object, RunView]] = {}

    def runs(self) -> list[Run]:
        """All runs with journals here, newest first; what cannot be read is left out."""
        found = []
        ids = journals.live_run_ids(self._store.data)
        self._forget_but(ids)
        for run_id in ids:
            try:
                view = self._of_journals(run_id)
            except (MlgitError, OSError):  # named by `mlgit doctor`; a list shows the others
                continue
            if view is not None:
                found.append(view.run)
        return sorted(found, key=lambda run: -run.start)

    def of_run(
        self, run_id: str, own: compose.Source | None = None, folder: str = ""
    ) -> RunView | None:
        """One run by its whole id, live or published; None where neither is known.

        Args:
            run_id: The run.
            own: What the caller's own journal says, where not all of it is on disk.
            folder: Where it is on the branch, where the caller knows: finding it takes a walk.

        Raises:
            Damaged: Its record cannot be read.
        """
        return self._of_journals(run_id, own) or _of_branch(self._store, run_id, folder)

    def _forget_but(self, ids: Sequence[str]) -> None:
        for gone in self._contents.keys() - set(ids):
            del self._contents[gone]
            self._views.pop(gone, None)

    def _of_journals(self, run_id: str, own: compose.Source | None = None) -> RunView | None:
        sources = self._sources(run_id)
        if own is not None:
            sources = [source for source in sources if source.writer != own.writer] + [own]
        if not sources:
            return None
        # Only now: a run that is published in between is then on the branch, not in neither place.
        snapshot = self._store.snapshot()
        state = snapshot.commit, [(source.writer, source.content.end) for source in sources]
        known = self._views.get(run_id)
        if known is None or known[0] != state:
            known = self._views[run_id] = state, self._viewed(snapshot, sources)
        return known[1]

    def _viewed(self, snapshot: Snapshot, sources: Sequence[compose.Source]) -> RunView:
        header = compose.first_header(sources)
        folder = header.folder
        known = compose.known_of(snapshot, folder)
        state = compose.state_of(known, header, sources, "")
        parts = [part for source in sources for part in compose.segments_of(source)]
        others = compose.decoded(compose.files_elsewhere(snapshot, folder, parts))
        run = state.whole_run()._replace(metrics=compose.summary(parts, others, state.run.history))
        small = {k: v for source in sources for k, v in source.content.files.items()}
        data = self._store.data
        return RunView(
            run=run,
            experiment=compose.experiment_of(header),
            folder=folder,
            manifest=state.manifest(),
            inputs=state.inputs(),
            small=small,
            is_live=True,
            load_points=cache(lambda: all_points(run.history, others, data, map(points, parts))),
        )

    def _sources(self, run_id: str) -> list[compose.Source]:
        found = []
        before = self._contents.get(run_id, {})
        for path in journals.paths_of(self._store.data, run_id):
            content = before.get(path.stem, JournalContent())
            with suppress(FileNotFoundError):  # published at this moment
                follow(path, content)
                found.append(compose.Source(path.stem, content))
        self._contents[run_id] = {source.writer: source.content for source in found}
        return found


def _of_branch(store: Store, run_id: str, known: str) -> RunView | None:
    snapshot = store.snapshot()
    runs = ((folder, snapshot.run(folder)) for folder in _candidates(snapshot, run_id, known))
    found = next(((folder, run) for folder, run in runs if run.id == run_id), None)
    if found is None:
        return None
    folder, run = found
    return RunView(
        run=run,
        experiment=_experiment(snapshot, run),
        folder=folder,
        manifest=snapshot.manifest(folder),
        inputs=snapshot.inputs(folder),
        small={},
        is_live=False,
        load_points=cache(lambda: all_points(run.history, snapshot.segments(folder), store.data)),
    )


def _candidates(snapshot: Snapshot, run_id: str, known: str) -> Iterator[str]:
    if known and layout.RUN in snapshot.names(known):
        yield known
    yield from snapshot.find_run(run_id)


def _experiment(snapshot: Snapshot, run: Run) -> Experiment:
    found = snapshot.experiment_by_id(run.experiment_id)
    if found is None:
        raise Damaged(
            f"run {run.name} belongs to experiment {run.experiment_id}, which is not here",
            hint="mlgit check",
        )
    return found
