"""All that a source holds into a store, many runs in one commit; again is harmless."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlgit.bridges.importing.experiments import bring_experiments
from mlgit.bridges.importing.files import Intake
from mlgit.bridges.importing.models import bring_models
from mlgit.bridges.importing.registered import bring_registered
from mlgit.bridges.importing.runs import publication_of
from mlgit.bridges.sources.source import Loss
from mlgit.errors import Damaged, InvalidValue, NotFound

if TYPE_CHECKING:
    from mlgit.bridges.sources.source import Source
    from mlgit.store.publication import Publication
    from mlgit.store.store import Store

_RUNS = 1_000  # of one commit
_BYTES = 32 << 20  # of one commit, about


@dataclass
class Brought:
    """What came in.

    Attributes:
        runs: How many runs.
        known: How many the store had already.
        unfinished: How many of those that came were still under way there.
        models: How many logged models.
        versions: How many versions of registered models.
        lost: What could not be carried as it is.
    """

    runs: int = 0
    known: int = 0
    unfinished: int = 0
    models: int = 0
    versions: int = 0
    lost: list[Loss] = field(default_factory=list)


def bring(
    store: Store,
    source: Source,
    *,
    remote: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Brought:
    """Take in what `source` holds and `store` lacks.

    Runs, logged models and versions keep their ids and numbers. What is here already stays as it
    is, but for runs that had not ended when they came: so it can be done again after it was cut
    off, and while the source still grows.

    Args:
        store: Where to.
        source: Where from.
        remote: Also copy artifacts that are on no disk of this machine.
        progress: Told how many runs have come so far.

    Raises:
        Unsupported, StorageFailed, Conflict: The branch cannot be written; what came before stays.
    """
    found = Brought(lost=source.lost)
    homes = bring_experiments(store, source)
    intake = Intake(store, source, remote=remote)
    wanted = _Wanted(store, found)
    runs = (
        one
        for one in source.runs(wanted)
        if one.run.experiment_id in homes or _homeless(found, one.run.id)
    )
    made = (publication_of(store, one, homes[one.run.experiment_id], intake) for one in runs)
    for batch in _batches(made):
        _publish(store, batch, found)
        progress(found.runs)
    bring_models(store, source, homes, intake, found)
    bring_registered(store, source, found)
    return found


class _Wanted:
    """Asked for every run of the source: one that is here and has ended is not read again."""

    def __init__(self, store: Store, found: Brought) -> None:
        self._snapshot, self._found = store.snapshot(), found

    def __call__(self, run_id: str) -> bool:
        folder = self._snapshot.folder_of(run_id)
        if folder is None:
            return True
        with suppress(NotFound, Damaged):  # purged: it does not come back by itself
            if not self._snapshot.run(folder).status.terminal:
                return True
        self._found.known += 1
        return False


def _homeless(found: Brought, run_id: str) -> bool:
    found.lost.append(Loss(f"run {run_id}", "it belongs to no experiment"))
    return False


def _batches(made: Iterator[Publication]) -> Iterator[list[Publication]]:
    batch: list[Publication] = []
    size = 0
    for one in made:
        batch.append(one)
        size += sum(map(len, one.files.values()))
        if len(batch) >= _RUNS or size >= _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _publish(store: Store, batch: list[Publication], found: Brought) -> None:
    """One commit; where a run of them does not fit the format, the others come without it."""
    try:
        store.publish_all(batch)
    except InvalidValue as error:
        if len(batch) == 1:
            run = batch[0].run
            found.lost.append(Loss(f"run {run.id}", f"it was left out: {error.message}"))
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            _publish(store, half, found)
        return
    found.runs += len(batch)
    found.unfinished += sum(not one.run.status.terminal for one in batch)
