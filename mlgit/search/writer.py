"""The rows of runs and experiments, put in and taken out of the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress

from mlgit.errors import Damaged, NotFound
from mlgit.git.objects import Objects
from mlgit.git.oid import Oid
from mlgit.records.experiment import Experiment
from mlgit.records.run import Run
from mlgit.search import document, rows
from mlgit.search.expression import Kind
from mlgit.search.reading import Records
from mlgit.search.rows import Column
from mlgit.search.schema import KINDS, OF_EXPERIMENTS, OF_TREES
from mlgit.store.snapshot import Damage, Snapshot

_LOOKED_UP = 1000  # ids that are looked up one by one; more are cheaper together

Found = list[tuple[int, str, Run]]


class Writer:
    """Writes what `snapshot` holds through `connection`, inside the caller's transaction."""

    def __init__(
        self, connection: sqlite3.Connection, snapshot: Snapshot, objects: Objects
    ) -> None:
        self.connection = connection
        self.snapshot = snapshot
        self.records = Records(snapshot, objects)
        known = connection.execute("SELECT kind, key, kid FROM keys")
        self._kids: dict[tuple[int, str], int] = {(kind, key): kid for kind, key, kid in known}
        self._added: list[str] = []

    def add(self, places: Iterable[tuple[str, Oid | None]]) -> None:
        """Index the runs in these folders (and trees, where known).

        Purged ones are left out, damaged ones noted.
        """
        top: int = self.connection.execute("SELECT coalesce(max(rid), 0) FROM runs").fetchone()[0]
        found: Found = []
        datasets: list[tuple[Column, ...]] = []
        for folder, tree in places:
            run, used, damaged = self.records.read(folder, tree)
            if damaged is not None:
                self.note(damaged, folder)
            if run is not None:
                rid = top + len(found) + 1
                found.append((rid, folder, run))
                datasets.extend(rows.dataset(rid, one) for one in used)
        self._added += [run.id for _, _, run in found]
        self._insert("runs", [(rid, run.lifecycle, *rows.fixed(run)) for rid, _, run in found])
        lines = ((rid, path, rows.note(run), document.dump(run)) for rid, path, run in found)
        self._insert("documents", lines)
        self._insert("vals", self._values(found))
        self._insert("datasets", datasets)

    def _insert(self, table: str, values: Iterable[tuple[Column, ...]]) -> None:
        ordered = list(values)
        if ordered:
            marks = ", ".join("?" * len(ordered[0]))
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", ordered)

    def _values(self, found: Found) -> list[tuple[Column, ...]]:
        values: list[tuple[Column, ...]] = [
            (self._kid(kind, key), rid, number, text)
            for rid, _, run in found
            for kind, key, number, text in rows.values(run)
        ]
        values.sort(key=_place)  # in the order of the table, each key's pages are filled once
        return values

    def _kid(self, kind: int, key: str) -> int:
        kid = self._kids.get((kind, key))
        if kid is None:
            kid = self._kids[kind, key] = len(self._kids) + 1
            self.connection.execute("INSERT INTO keys VALUES (?, ?, ?)", (kid, kind, key))
        return kid

    def remove(self, folders: Iterable[str]) -> None:
        """Take the rows of these folders away.

        Raises:
            Unreadable: A line of the index is not one of ours.
        """
        for folder in folders:
            self.connection.execute("DELETE FROM damage WHERE folder = ?", (folder,))
            sql = "SELECT rid, line FROM documents WHERE folder = ?"
            row = self.connection.execute(sql, (folder,)).fetchone()
            if row is not None:
                self._remove_run(*row)

    def _remove_run(self, rid: int, line: str) -> None:
        kinds = (KINDS[kind] for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG))
        named = [
            (kind, key)
            for kind, keys in zip(kinds, document.keys(line), strict=True)
            for key in keys
        ]
        pairs = [(self._kids[one], rid) for one in named if one in self._kids]
        self.connection.executemany("DELETE FROM vals WHERE kid = ? AND rid = ?", pairs)
        for table in ("runs", "documents", "datasets"):
            self.connection.execute(f"DELETE FROM {table} WHERE rid = ?", (rid,))

    def repeats(self) -> bool:
        """Whether an id that was added is that of another run, too."""
        if len(self._added) > _LOOKED_UP:
            sql = "SELECT 1 FROM runs GROUP BY run_id HAVING count(*) > 1 LIMIT 1"
            return self.connection.execute(sql).fetchone() is not None
        sql = "SELECT count(*) > 1 FROM runs WHERE run_id = ?"
        return any(self.connection.execute(sql, (one,)).fetchone()[0] for one in self._added)

    def note(self, damage: Damage, folder: str) -> None:
        """Remember what cannot be read; `passing` where its bytes are missing, as in a fetch."""
        passing = folder == OF_TREES or not self._bytes_are_here(damage.path)
        values = (folder, plain(damage.path), plain(damage.reason), int(passing))
        self.connection.execute("INSERT OR REPLACE INTO damage VALUES (?, ?, ?, ?)", values)

    def _bytes_are_here(self, path: str) -> bool:
        with suppress(NotFound, Damaged):
            self.snapshot.read(path)
            return True
        return False

    def replace_experiments(self) -> None:
        """Index every experiment anew; they are few."""
        self.connection.execute("DELETE FROM experiments")
        self.connection.execute("DELETE FROM damage WHERE folder = ?", (OF_EXPERIMENTS,))
        found, damaged = self.snapshot.experiments()
        for damage in damaged:
            self.note(damage, OF_EXPERIMENTS)
        self._insert("experiments", _experiments(found))


def _experiments(found: Iterable[Experiment]) -> Iterator[tuple[Column, ...]]:
    """Rows of experiments; of those with one id the first by folder is the one that is shown."""
    ids: set[str] = set()
    for one in sorted(found, key=lambda one: one.folder):
        line = document.dump_experiment(one)
        name = one.name or None
        yield plain(one.folder), one.id, name, one.lifecycle, int(one.id not in ids), line
        ids.add(one.id)


def _place(row: tuple[Column, ...]) -> tuple[Column, ...]:
    return row[:2]


def plain(text: str) -> str:
    """`text` with what is no Unicode (a path may hold any bytes) spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
