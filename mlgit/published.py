"""A run as the branch has it, each part read on first use."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.inputs import Inputs
    from mlgit.records.metrics import Point
    from mlgit.records.run import Run
    from mlgit.search.index import Index
    from mlgit.store.snapshot import Snapshot


class PublishedRun:
    """One run that nobody on this machine is logging to; the parts of it are `RunView`'s.

    `data` is the folder of that name of its store; `run` its record where that is known.

    Attributes:
        run: Its record.
        folder: Its folder on the branch.
        small: Artifacts that are not on the branch yet: none.
    """

    def __init__(self, snapshot: Snapshot, folder: str, data: Path, run: Run | None = None) -> None:
        self._snapshot, self._data = snapshot, data
        self.run: Run = run or snapshot.run(folder)
        self.folder = folder
        self.small: dict[str, bytes] = {}

    @cached_property
    def inputs(self) -> Inputs:
        """Its datasets and models."""
        return self._snapshot.inputs(self.folder)

    @cached_property
    def manifest(self) -> list[ArtifactEntry]:
        """Its artifacts by path."""
        return self._snapshot.manifest(self.folder)

    @cached_property
    def points(self) -> list[Point]:
        """All its points, by step, timestamp, then order of logging.

        Where the whole history is not here: a down-sampled one, with a warning.
        """
        from mlgit.runs.history import all_points

        return all_points(self.run.history, self._snapshot.segments(self.folder), self._data)

    @property
    def outline(self) -> list[Point]:
        """Enough of its points to draw its curves: those in git."""
        return self._snapshot.points(self.folder)


def indexed_folder(index: Index, run_id: str) -> str:
    """Where the index says that the run of that whole id is; empty where it does not know it."""
    from mlgit.search.expression import Comparison, Field, Kind
    from mlgit.search.question import Question, View

    wanted = Comparison(Field(Kind.ATTRIBUTE, "run_id"), "=", run_id)
    found = index.find(Question(wanted, view=View.ALL), limit=1)
    return found[0].folder if found else ""
