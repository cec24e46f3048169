"""Reading the records of runs: many at once by their trees, or one with all that can be wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.git.oid import Oid
from mlgit.git.tree import FILE_MODE
from mlgit.records import layout
from mlgit.records.inputs import Inputs, load_inputs
from mlgit.records.run import Run, load_run
from mlgit.search.rows import Rows, add_run, no_rows
from mlgit.store.snapshot import Damage, Snapshot

if TYPE_CHECKING:
    from mlgit.git.objects import Objects

_BATCH = 500  # runs held in memory at a time: the fewer, the less there is to collect as garbage
_FEW = 3000  # runs that are read sooner than other processes have started

Place = tuple[int, str, Oid]
"""The number that a run gets in the index, its folder and its tree."""


def read_all(objects: Objects, places: Iterable[Place]) -> Iterator[Rows]:
    """The rows of the runs at these places, batch by batch."""
    rest = iter(places)
    first = list(islice(rest, _FEW))
    if len(first) < _FEW:
        yield from (read_rows(objects, batch) for batch in _batches(first))
    else:
        from mlgit.search.helpers import read_with_helpers

        yield from read_with_helpers(objects, _batches(chain(first, rest)))


def _batches(places: Iterable[Place]) -> Iterator[list[Place]]:
    """Some places at a time."""
    rest = iter(places)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def read_rows(objects: Objects, places: Iterable[Place]) -> Rows:
    """The rows of runs by their trees alone; what is not plainly a run is left unread."""
    found = no_rows()
    for rid, folder, tree in places:
        run, inputs = _of_tree(objects, tree)
        if run is None:
            found.unread.append(folder)
        else:
            add_run(found, rid, folder, run, inputs)
    return found


def _of_tree(objects: Objects, tree: Oid) -> tuple[Run | None, Inputs | None]:
    with suppress(NotFound, Damaged):
        entries = objects.tree(tree)
        run = load_run(_file(objects, entries, layout.RUN))
        if layout.INPUTS.encode() not in entries:
            return run, None
        return run, load_inputs(_file(objects, entries, layout.INPUTS))
    return None, None


def _file(objects: Objects, entries: dict[bytes, tuple[int, Oid]], name: str) -> bytes:
    mode, oid = entries.get(name.encode(), (0, b""))
    if mode != FILE_MODE:
        raise NotFound(f"{name} is no file here")
    return objects.blob(oid)


class Record(NamedTuple):
    """What a run's folder holds: no run where it was purged or is damaged."""

    run: Run | None
    inputs: Inputs | None = None
    damage: Damage | None = None


@dataclass(frozen=True)
class Records:
    """The records of `snapshot`."""

    snapshot: Snapshot

    def read(self, folder: str) -> Record:
        """The run in a folder, and where it is damaged."""
        try:
            run = self.snapshot.run(folder)
        except NotFound:
            return Record(None)
        except Damaged as error:
            return Record(None, None, _damage(error, folder))
        try:
            inputs = self.snapshot.inputs(folder)
            return Record(run, inputs if inputs != Inputs() else None)
        except Damaged as error:
            return Record(run, None, _damage(error, folder))


def _damage(error: Damaged, folder: str) -> Damage:
    reason = error.facts.get("reason", error.message)
    return Damage(str(error.facts.get("path", folder)), str(reason))
