"""One run as of now: its journals on this machine, its folder on the branch, or both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged
from mlgit.records import layout
from mlgit.runs import compose
from mlgit.runs.history import all_points
from mlgit.runs.segments import points

if TYPE_CHECKING:
    from pathlib import Path

    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.experiment import Experiment
    from mlgit.records.history import History
    from mlgit.records.inputs import Inputs
    from mlgit.records.metrics import Point
    from mlgit.records.run import Run
    from mlgit.runs.compose import Source
    from mlgit.store.snapshot import Snapshot


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

    def points_of(self, key: str) -> list[Point]:
        """As `points`, those of one metric."""
        return [point for point in self.points if point.key == key]

    @property
    def outline(self) -> list[Point]:
        """Enough of its points to draw its curves."""
        return self.load_points()


def of_journals(snapshot: Snapshot, data: Path, sources: Sequence[Source]) -> RunView:
    """What the journals of a run say on top of what the branch has of it; they are in `data`.

    Raises:
        Damaged: Neither says which run it is.
    """
    header = compose.first_header(sources)
    folder = header.folder
    known = compose.known_of(snapshot, folder)
    state = compose.state_of(known, header, sources, "")
    parts = [part for source in sources for part in compose.segments_of(source)]
    others = compose.decoded(compose.files_elsewhere(snapshot, folder, parts))
    manifest = state.manifest()
    run = state.whole_run()._replace(metrics=compose.summary(parts, others, state.run.history))
    small = {k: v for source in sources for k, v in source.content.files.items()}
    return RunView(
        run=run,
        experiment=compose.experiment_of(header),
        folder=folder,
        manifest=manifest,
        inputs=state.inputs(),
        small=small,
        is_live=True,
        load_points=cache(
            lambda: all_points(run.history, others, _whole(manifest, data), map(points, parts))
        ),
    )


def of_branch(snapshot: Snapshot, data: Path, run_id: str, known: str) -> RunView | None:
    """A published run as it is on the branch; None where it has no such run.

    Args:
        snapshot: The branch.
        data: Where the store keeps artifacts.
        run_id: The run.
        known: Its folder, where the caller knows it.

    Raises:
        Damaged: Its record cannot be read.
    """
    runs = ((folder, snapshot.run(folder)) for folder in _candidates(snapshot, run_id, known))
    found = next(((folder, run) for folder, run in runs if run.id == run_id), None)
    if found is None:
        return None
    folder, run = found
    manifest = snapshot.manifest(folder)
    return RunView(
        run=run,
        experiment=_experiment(snapshot, run),
        folder=folder,
        manifest=manifest,
        inputs=snapshot.inputs(folder),
        small={},
        is_live=False,
        load_points=cache(
            lambda: all_points(run.history, snapshot.segments(folder), _whole(manifest, data))
        ),
    )


def _whole(manifest: Sequence[ArtifactEntry], data: Path) -> Callable[[History], list[bytes]]:
    """Reads whole histories from what this machine keeps."""
    from mlgit.artifacts.fetch import local_sources
    from mlgit.artifacts.history import whole_history

    return partial(whole_history, manifest=manifest, sources=local_sources(data))


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
