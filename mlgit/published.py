"""A run, or logged model, as the branch has it, each part read on first use."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from mlgit.errors import InvalidValue

if TYPE_CHECKING:
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.history import History
    from mlgit.records.inputs import Inputs
    from mlgit.records.metrics import Point
    from mlgit.records.run import Run
    from mlgit.search.index import Index
    from mlgit.store.store import Store


class PublishedRun:
    """One run that nobody on this machine is logging to; the parts of it are `RunView`'s.

    `run` is its record where that is known.

    Attributes:
        run: Its record.
        folder: Its folder on the branch.
        small: Artifacts that are not on the branch yet: none.
    """

    def __init__(self, store: Store, folder: str, run: Run | None = None) -> None:
        self._store, self._snapshot = store, store.snapshot()
        self.run: Run = run or self._snapshot.run(folder)
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

        Where the whole history is not to be had: a down-sampled one, with a warning.
        """
        from mlgit.runs.history import all_points

        return all_points(self.run.history, self._snapshot.segments(self.folder), self._whole)

    def points_of(self, key: str) -> list[Point]:
        """As `points`, those of one metric: the rows of others are not decoded."""
        if self.run.history.sampled:
            return [point for point in self.points if point.key == key]
        return self._snapshot.points(self.folder, key)

    def _whole(self, history: History) -> list[bytes]:
        from mlgit.artifacts.history import whole_history
        from mlgit.holdings.read import sources_of

        return whole_history(history, self.manifest, sources_of(self._store, self))

    @property
    def outline(self) -> list[Point]:
        """Enough of its points to draw its curves: those in git."""
        return self._snapshot.points(self.folder)


MODELS = "models:/"
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}", re.ASCII).fullmatch
_MODEL = re.compile(r"models:/(m-[0-9a-f]{1,32})", re.ASCII).fullmatch


def model_meant(reference: str) -> str:
    """The id, or its beginning, of the logged model that is meant; empty where a run is.

    That is `models:/m-3f2a`, or a whole id alone.

    Raises:
        InvalidValue: `models:/` with something else.
    """
    if not reference.startswith(MODELS):
        return reference if _MODEL_ID(reference) else ""
    found = _MODEL(reference)
    if found is None:
        raise InvalidValue(
            f"{reference!r:.80} is not the address of a logged model",
            "models:/m-ID, as mlgit.log_model gave it",
        )
    return found[1]


class PublishedModel:
    """One logged model's files.

    Attributes:
        id: Its id, as its folder's name has it.
        folder: Its folder on the branch.
        small: Files that are not on the branch yet: none.

    Raises:
        NotFound, Ambiguous: There is no model whose id begins so; there are several.
    """

    def __init__(self, store: Store, id_prefix: str) -> None:
        from mlgit.runs.logged_models import find_model, id_of

        self._snapshot = store.snapshot()
        self.folder = find_model(self._snapshot, id_prefix)
        self.id = id_of(self.folder)
        self.small: dict[str, bytes] = {}

    @cached_property
    def manifest(self) -> list[ArtifactEntry]:
        """Its files by path."""
        return self._snapshot.manifest(self.folder)


def indexed_folder(index: Index, run_id: str) -> str:
    """Where the index says that the run of that whole id is; empty where it does not know it."""
    from mlgit.search.expression import Comparison, Field, Kind
    from mlgit.search.question import Question, View

    wanted = Comparison(Field(Kind.ATTRIBUTE, "run_id"), "=", run_id)
    found = index.find(Question(wanted, view=View.ALL), limit=1)
    return found[0].folder if found else ""
