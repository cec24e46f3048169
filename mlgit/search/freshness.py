"""Whether the index shows the branch as it is; apart from what brings it there, to start fast."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from mlgit.search.database import has_our_tables, is_empty
from mlgit.search.schema import VERSION

if TYPE_CHECKING:
    from mlgit.git.oid import Oid


class Stale(Exception):
    """The index cannot be brought on from where it is and must be made anew."""


def shows(connection: sqlite3.Connection, commit: Oid) -> bool:
    """Whether the index shows `commit`, and nothing that it misses can have come since.

    Raises:
        Stale: The file is none of ours.
    """
    if is_empty(connection):
        return False
    if not has_our_tables(connection):
        raise Stale
    passing = connection.execute("SELECT 1 FROM damage WHERE passing LIMIT 1").fetchone()
    return passing is None and shown(connection) == commit


def shown(connection: sqlite3.Connection) -> Oid:
    """The commit that the index shows.

    Raises:
        Stale: It shows none, or is of another version.
    """
    sql = "SELECT commit_id FROM state WHERE version = ?"
    row = connection.execute(sql, (VERSION,)).fetchone()
    if row is None:
        raise Stale
    return str(row[0]).encode()
