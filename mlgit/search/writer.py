"""The rows of runs and experiments, put in and taken out of the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, count
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.search import document, rows
from mlgit.search.expression import Kind
from mlgit.search.reading import Record, Records, read_all
from mlgit.search.schema import COLUMNS, KINDS, OF_EXPERIMENTS, OF_TREES

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.records.experiment import Experiment
    from mlgit.search.rows import Cells, Column, Rows
    from mlgit.store.snapshot import Damage, Snapshot

_VARIABLES = 900  # of one statement; some builds of SQLite take no more than 999
_LOOKED_UP = 1000  # ids that are looked up one by one; more are cheaper together


class Writer:
    """Writes what `snapshot` holds through `connection`, inside the caller's transaction."""

    def __init__(
        self, connection: sqlite3.Connection, snapshot: Snapshot, objects: Objects
    ) -> None:
        self.connection = connection
        self.snapshot = snapshot
        self.objects = objects
        self.records = Records(snapshot)
        (top,) = connection.execute("SELECT coalesce(max(rid), 0) FROM runs").fetchone()
        self._rids = count(top + 1)
        self._kids = _Kids(connection)
        self._added: list[str] = []

    def add(self, trees: Iterable[tuple[str, Oid]]) -> None:
        """Index the runs in these folders, which have these trees.

        Purged ones are left out, damaged ones noted.
        """
        places = ((next(self._rids), folder, tree) for folder, tree in trees)
        for found in read_all(self.objects, places):
            self._insert(found)
            for folder in found.unread:
                self.look_at(folder)

    def look_at(self, folder: str) -> Record:
        """Index the run in a folder, and note where it is damaged."""
        record = self.records.read(folder)
        if record.damage is not None:
            self.note(record.damage, folder)
        if record.run is not None:
            found = rows.no_rows()
            rows.add_run(found, next(self._rids), folder, record.run, record.inputs)
            self._insert(found)
        return record

    def _insert(self, found: Rows) -> None:
        self._added += found.ids
        self._insert_cells("runs", len(COLUMNS) + 2, found.runs)
        self._insert_cells("documents", 5, found.documents)
        self._insert_cells("datasets", 4, found.datasets)
        numbered = sorted((self._kids[key], cells) for key, cells in found.values.items())
        for kid, cells in numbered:
            cells[::4] = [kid] * (len(cells) // 4)
        # In the order of the table, so that the pages of each key are filled one after the other.
        self._insert_cells("vals", 4, list(chain.from_iterable(cells for _, cells in numbered)))

    def _insert_cells(self, table: str, width: int, cells: Cells) -> None:
        """Insert rows, many with one statement: twice as fast as one by one."""
        row = f"({', '.join('?' * width)})"
        step = _VARIABLES // width * width
        for at in range(0, len(cells), step):
            some = cells[at : at + step]
            rows_of = ", ".join([row] * (len(some) // width))
            self.connection.execute(f"INSERT INTO {table} VALUES {rows_of}", some)

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
        cells = list(chain.from_iterable(_experiments(found)))
        self._insert_cells("experiments", 6, cells)


def _experiments(found: Iterable[Experiment]) -> Iterator[tuple[Column, ...]]:
    """Rows of experiments; of those with one id the first by folder is the one that is shown."""
    ids: set[str] = set()
    for one in sorted(found, key=lambda one: one.folder):
        line = document.dump_experiment(one)
        name = one.name or None
        yield plain(one.folder), one.id, name, one.lifecycle, int(one.id not in ids), line
        ids.add(one.id)


class _Kids(dict[tuple[int, str], int]):
    """The number of each kind and key; a new one is entered in the table of keys."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        known = connection.execute("SELECT kind, key, kid FROM keys")
        super().__init__({(kind, key): kid for kind, key, kid in known})
        self._connection = connection

    def __missing__(self, one: tuple[int, str]) -> int:
        kid = self[one] = len(self) + 1
        self._connection.execute("INSERT INTO keys VALUES (?, ?, ?)", (kid, *one))
        return kid


def plain(text: str) -> str:
    """`text` with what is no Unicode (a path may hold any bytes) spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
