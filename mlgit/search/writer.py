"""The rows of runs and experiments, put in and taken out of the index."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain

from mlgit.errors import Damaged, NotFound
from mlgit.git.objects import Objects
from mlgit.git.oid import Oid
from mlgit.records.experiment import NOTE_TAG, Experiment
from mlgit.records.run import Run
from mlgit.search import document, rows
from mlgit.search.expression import Kind
from mlgit.search.reading import Records
from mlgit.search.rows import Column
from mlgit.search.schema import KINDS, OF_EXPERIMENTS, OF_TREES
from mlgit.store.snapshot import Damage, Snapshot

_VARIABLES = 900  # of one statement; some builds of SQLite take no more than 999
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
        self._kids = _Kids(connection)
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
        self._insert_runs(found)
        self._insert_values(found)
        self._insert("datasets", datasets)

    def _insert_runs(self, found: Found) -> None:
        columns: list[tuple[Column, ...]] = []
        lines: list[tuple[Column, ...]] = []
        for rid, folder, run in found:
            tags = rows.reserved(run)
            columns.append((rid, run.lifecycle, *rows.fixed(run, tags)))
            lines.append((rid, folder, tags.get(NOTE_TAG), document.dump(run)))
        self._insert("runs", columns)
        self._insert("documents", lines)

    def _insert_values(self, found: Found) -> None:
        values: rows.Values = defaultdict(list)
        for rid, _, run in found:
            rows.add_values(rid, run, self._kids, values)
        # In the order of the table, so that the pages of each key are filled one after the other.
        self._insert_cells(
            "vals", 4, list(chain.from_iterable(values[kid] for kid in sorted(values)))
        )

    def _insert(self, table: str, values: Sequence[tuple[Column, ...]]) -> None:
        if values:
            self._insert_cells(table, len(values[0]), list(chain.from_iterable(values)))

    def _insert_cells(self, table: str, width: int, cells: list[Column]) -> None:
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
        self._insert("experiments", list(_experiments(found)))


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
