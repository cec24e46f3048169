"""What a store holds, as an export hands it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mlgit.bridges.sources.source import FoundRegistered, FoundVersion, Loss
from mlgit.errors import Damaged, NotFound
from mlgit.published import PublishedModel, PublishedRun
from mlgit.records.logged_model import LoggedModel
from mlgit.registry import catalogue
from mlgit.registry.find import stage_name
from mlgit.registry.sight import sight

if TYPE_CHECKING:
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.experiment import Experiment
    from mlgit.records.inputs import Inputs
    from mlgit.records.metrics import Point
    from mlgit.records.run import Run
    from mlgit.store.store import Store

#: Puts all artifacts below a folder.
Deliver = Callable[[Path], None]


class StoredRun(NamedTuple):
    """One run with all its parts; `deliver` is None where it has no artifacts."""

    run: Run
    points: Sequence[Point]
    inputs: Inputs
    deliver: Deliver | None


class StoredModel(NamedTuple):
    """One logged model; its points are those of runs that carry its id."""

    model: LoggedModel
    deliver: Deliver | None


class Sink(Protocol):
    """Where an export goes; each call is done when it returns.

    Attributes:
        title: What it is, for people.
    """

    title: str

    def experiments(self, every: Sequence[Experiment]) -> None:
        """Make those that are not there."""

    def has(self, whole_id: str) -> bool:
        """Whether a run or logged model of that id is there already."""

    def runs(self, some: Sequence[StoredRun], lose: Callable[[str, str], None]) -> None:
        """Write runs, whole."""

    def models(self, some: Sequence[StoredModel], lose: Callable[[str, str], None]) -> None:
        """Write logged models."""

    def registered(self, one: FoundRegistered) -> int:
        """Write a registered model; how many of its versions were not there."""


@dataclass
class Exported:
    """What went out; as `importing.bring.Brought`."""

    runs: int = 0
    known: int = 0
    models: int = 0
    versions: int = 0
    lost: list[Loss] = field(default_factory=list)

    def lose(self, what: str, reason: str) -> None:
        """Say that something is not carried as it is."""
        self.lost.append(Loss(what, reason))


def stored_runs(
    store: Store, wanted: Callable[[str], bool], found: Exported
) -> Iterator[StoredRun]:
    """The runs of the branch that are wanted, oldest day first; damaged ones are named."""
    snapshot = store.snapshot()
    for folder in snapshot.run_folders():
        with _naming(found, folder):
            run = snapshot.run(folder)
            if wanted(run.id):
                view = PublishedRun(store, folder, run)
                deliver = _deliverer(store, view, view.manifest)
                yield StoredRun(run, view.points, view.inputs, deliver)


def stored_models(
    store: Store, wanted: Callable[[str], bool], found: Exported
) -> Iterator[StoredModel]:
    """The logged models of the branch that are wanted."""
    from mlgit.runs.logged_models import read_model

    snapshot = store.snapshot()
    for folder in snapshot.model_folders():
        with _naming(found, folder):
            model = read_model(snapshot, folder)
            if wanted(model.id):
                view = PublishedModel(store, model.id)
                yield StoredModel(model, _deliverer(store, view, view.manifest))


@contextmanager
def _naming(found: Exported, folder: str) -> Iterator[None]:
    """What is damaged is named and left out; what was purged is left out."""
    try:
        yield
    except NotFound:
        return
    except Damaged as error:
        found.lose(folder, error.message)


def stored_registered(store: Store) -> Iterator[FoundRegistered]:
    """The registered models that are not deleted, with all versions that ever were."""
    seen = sight(store)
    for model in catalogue.models(seen.data)[0]:
        if model.lifecycle == "active":
            staged = catalogue.stages(seen.guarded, model.folder)
            versions = [
                FoundVersion(one, stage_name(staged.get(one.uid)))
                for one in catalogue.versions(seen.data, model.folder)
            ]
            aliases = {
                one.alias: one.version for one in catalogue.aliases(seen.guarded, model.folder)
            }
            yield FoundRegistered(model, versions, aliases)


def _deliverer(
    store: Store, view: PublishedRun | PublishedModel, manifest: Sequence[ArtifactEntry]
) -> Deliver | None:
    kept = [entry for entry in manifest if not entry.uri]
    if not kept:
        return None

    def deliver(into: Path) -> None:
        from mlgit.artifacts.fetch import download
        from mlgit.holdings.read import sources_of

        into.mkdir(parents=True, exist_ok=True)
        download(kept, sources_of(store, view), into)

    return deliver
