"""The file of the index: opened without trusting what is there, made anew where it is unusable."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

from mlgit.git.sharing import open_or_make
from mlgit.search.like import like
from mlgit.search.schema import INDEXES, TABLES

_WAIT = 60.0  # seconds for another process that builds the index from nothing
_BESIDE = ("", "-journal", "-wal", "-shm")


def connect(path: Path | None) -> sqlite3.Connection:
    """A connection to the index at `path`, or to one in memory for None; it may have no tables.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    if path is not None:
        _refuse_links(path)
        if not path.exists():  # sqlite would make it, and what lies beside it, by the umask alone
            with suppress(OSError):
                os.close(open_or_make(path, os.O_RDWR))
    connection = sqlite3.connect(
        ":memory:" if path is None else path,
        timeout=_WAIT,
        isolation_level=None,
        check_same_thread=path is not None,
    )
    try:
        # The file may have been planted: its schema is compared before use, and meanwhile
        # nothing in it may call functions.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -32768")  # kB
        connection.create_function("fits", 3, _fits, deterministic=True)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _fits(pattern: str, ignore_case: int, text: str | None) -> bool:
    return text is not None and like(pattern, bool(ignore_case))(text)


def _refuse_links(path: Path) -> None:
    for suffix in _BESIDE:
        file = path.with_name(path.name + suffix)
        with suppress(FileNotFoundError):
            if not S_ISREG(file.lstat().st_mode):
                file.unlink()


def remove(path: Path) -> None:
    """Delete the index and what SQLite keeps beside it."""
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def has_our_tables(connection: sqlite3.Connection) -> bool:
    """Whether the file has exactly the tables and indexes of this version."""
    found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    return sorted(sql for (sql,) in found) == sorted(TABLES + INDEXES)


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether the file has no table at all."""
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool = False) -> Iterator[None]:
    """All statements of the block see one state; with `write` they all count or none does."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
