"""Reading the records of many runs: the same as a snapshot says, with fewer objects opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.git.objects import Objects
from mlgit.git.oid import Oid
from mlgit.git.tree import FILE_MODE
from mlgit.records import layout
from mlgit.records.inputs import DatasetInput, load_inputs
from mlgit.records.run import Run, load_run
from mlgit.store.snapshot import Damage, Snapshot


class Record(NamedTuple):
    """What a run's folder holds: no run where it was purged or is damaged."""

    run: Run | None
    datasets: Sequence[DatasetInput] = ()
    damage: Damage | None = None


@dataclass(frozen=True)
class Records:
    """The records of `snapshot`, whose objects these are."""

    snapshot: Snapshot
    objects: Objects

    def read(self, folder: str, tree: Oid | None = None) -> Record:
        """The run in a folder; one look is saved where its tree is known."""
        try:
            return self._of_tree(tree) if tree else self._of_folder(folder)
        except (NotFound, Damaged):
            return self._of_folder(folder)  # which says where the damage is

    def _of_tree(self, tree: Oid) -> Record:
        entries = self.objects.tree(tree)
        run = load_run(self._file(entries, layout.RUN))
        if layout.INPUTS.encode() not in entries:
            return Record(run)
        return Record(run, load_inputs(self._file(entries, layout.INPUTS)).datasets)

    def _file(self, entries: dict[bytes, tuple[int, Oid]], name: str) -> bytes:
        mode, oid = entries.get(name.encode(), (0, b""))
        if mode != FILE_MODE:
            raise NotFound(f"{name} is no file here")
        return self.objects.blob(oid)

    def _of_folder(self, folder: str) -> Record:
        try:
            run = self.snapshot.run(folder)
        except NotFound:
            return Record(None)
        except Damaged as error:
            return Record(None, (), _damage(error, folder))
        try:
            return Record(run, self.snapshot.inputs(folder).datasets)
        except Damaged as error:
            return Record(run, (), _damage(error, folder))


def _damage(error: Damaged, folder: str) -> Damage:
    reason = error.facts.get("reason", error.message)
    return Damage(str(error.facts.get("path", folder)), str(reason))
