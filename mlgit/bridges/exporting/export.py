"""A store written out, run by run; again is harmless."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from mlgit.bridges.exporting.stored import (
    Exported,
    stored_models,
    stored_registered,
    stored_runs,
)

if TYPE_CHECKING:
    from mlgit.bridges.exporting.stored import Sink
    from mlgit.store.store import Store

T = TypeVar("T")
_SOME = 200  # runs that are handed over at a time


def export(store: Store, sink: Sink, progress: Callable[[int], None] = lambda _: None) -> Exported:
    """Write out what the branch of `store` holds and `sink` lacks; what is there stays as it is.

    Args:
        store: Where from; runs under way go out as the branch knows them.
        sink: Where to.
        progress: Told how many runs have gone out so far.

    Raises:
        StorageFailed, OSError: The target cannot be written; what went out before stays.
    """
    found = Exported()

    def wanted(run_id: str) -> bool:
        there = sink.has(run_id)
        found.known += there
        return not there

    sink.experiments(store.snapshot().experiments()[0])
    for some in _batches(stored_runs(store, wanted, found)):
        sink.runs(some, found.lose)
        found.runs += len(some)
        progress(found.runs)
    models = stored_models(store, lambda model_id: not sink.has(model_id), found)
    for batch in _batches(models):
        sink.models(batch, found.lose)
        found.models += len(batch)
    for one in stored_registered(store):
        found.versions += sink.registered(one)
    return found


def _batches(every: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(every)
    while some := list(islice(rest, _SOME)):
        yield some
