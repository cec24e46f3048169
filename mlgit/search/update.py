"""Bringing the index to a commit: from nothing, or from what changed since an earlier one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.search.changes import Walk
from mlgit.search.database import is_empty, transaction
from mlgit.search.freshness import Stale, shown
from mlgit.search.schema import INDEXES, OF_EXPERIMENTS, OF_TREES, TABLES, VERSION
from mlgit.search.writer import Writer
from mlgit.store.snapshot import Damage, Snapshot
from mlgit.times import new_id

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_SAMPLE = 20  # damaged records that are tried again before all of them are


def update(
    connection: sqlite3.Connection, snapshot_now: Callable[[], Snapshot], objects: Objects
) -> None:
    """Bring the index to the store as of now, in one transaction.

    Raises:
        Stale: The commit it shows, or a tree of it, is not here any more.
        Unreadable, sqlite3.Error: The file is damaged or cannot be written.
    """
    with transaction(connection, write=True):
        snapshot = snapshot_now()  # after the lock: whoever held it may have seen a newer one
        if is_empty(connection):
            _each(connection, TABLES)
            _bring(Writer(connection, snapshot, objects), objects, None)
            _each(connection, INDEXES)
        elif _trees_healed(connection, snapshot):
            raise Stale
        else:
            writer, old = Writer(connection, snapshot, objects), shown(connection)
            if old == snapshot.commit:
                _try_again(writer)
            else:
                _bring(writer, objects, old)


def _each(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def _bring(writer: Writer, objects: Objects, old: Oid | None) -> None:
    walk = Walk(objects)
    try:
        before = None if old is None else objects.commit(old).tree
        changed: Iterable[tuple[str, Oid | None]]
        changed = walk.changed_runs(before, writer.snapshot.tree)
        if old is not None:
            changed = list(changed)
            writer.remove(folder for folder, _ in changed)
        writer.add((folder, tree) for folder, tree in changed if tree)
    except (NotFound, Damaged) as error:
        if old is None:  # the branch itself cannot be read: no other start helps
            raise
        raise Stale from error
    for path, reason in walk.unreadable:
        writer.note(Damage(path, reason), OF_TREES)
    if walk.experiments or old is None:
        writer.replace_experiments()
    _set_state(writer)


def _set_state(writer: Writer) -> None:
    before = writer.connection.execute("SELECT repeated FROM state").fetchone() or (0,)
    repeated = before[0] or writer.repeats()
    writer.connection.execute("DELETE FROM state")
    values = (VERSION, writer.snapshot.commit.decode(), int(repeated), new_id())
    writer.connection.execute("INSERT INTO state VALUES (?, ?, ?, ?)", values)


def _trees_healed(connection: sqlite3.Connection, snapshot: Snapshot) -> bool:
    sql = "SELECT path FROM damage WHERE folder = ?"
    for (path,) in connection.execute(sql, (OF_TREES,)).fetchall():
        with suppress(NotFound, Damaged):
            snapshot.names(path)
            return True
    return False


def _try_again(writer: Writer) -> None:
    """A missing object may have been fetched meanwhile; the commit does not show that."""
    found = writer.connection.execute("SELECT DISTINCT folder FROM damage WHERE passing")
    folders = [folder for (folder,) in found if folder not in (OF_EXPERIMENTS, OF_TREES)]
    if any(writer.records.read(folder).damage is None for folder in folders[:_SAMPLE]):
        writer.remove(folders)
        for folder in folders:
            writer.look_at(folder)
        _set_state(writer)
    sql = "SELECT 1 FROM damage WHERE folder = ? AND passing"
    if writer.connection.execute(sql, (OF_EXPERIMENTS,)).fetchone():
        writer.replace_experiments()
