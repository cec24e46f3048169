"""Rows of MLflow's tables, whichever version made them; the database is only read."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlgit.errors import Damaged, NotFound

Row = Mapping[str, Any]
_QUESTION = 500  # ids of one; SQLite takes no more than 999 where it is old


class Tables:
    """The tables of one database; one that it does not have is empty."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotFound(f"there is no file {path}", "mlgit import mlflow mlflow.db")
        self._path = path
        self._base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        self._base.row_factory = sqlite3.Row
        found = self._asked("SELECT name FROM sqlite_master WHERE type = 'table'", ())
        self._names = {row["name"] for row in found}
        if not {"experiments", "runs"} <= self._names:
            raise Damaged(f"{path} is no database of MLflow", "mlgit import mlflow mlflow.db")

    def rows(self, table: str, order: str = "") -> Iterator[Row]:
        """All rows of a table, in the order of a column."""
        if table in self._names:
            by = f" ORDER BY {order}" if order else ""
            yield from self._asked(f"SELECT * FROM {table}{by}", ())

    def of(self, table: str, column: str, ids: Sequence[str]) -> list[Row]:
        """The rows of a table that belong to some ids, in the order they were written."""
        found: list[Row] = []
        for at in range(0, len(ids), _QUESTION):
            some = ids[at : at + _QUESTION]
            marks = ",".join("?" * len(some))
            if table in self._names:
                question = f"SELECT * FROM {table} WHERE {column} IN ({marks})"
                found += self._asked(question, some)
        return found

    def _asked(self, question: str, values: Sequence[str]) -> Iterator[Row]:
        try:
            for row in self._base.execute(question, values):
                yield dict(row)
        except sqlite3.DatabaseError as error:
            raise Damaged(f"{self._path} cannot be read: {error}") from error


def texts_by(
    rows: Iterable[Row], owner: str | tuple[str, ...], key: str = "key", value: str = "value"
) -> Mapping[Any, dict[str, str]]:
    """Texts by whom they belong to and by their key; nobody else has any."""
    found: defaultdict[Any, dict[str, str]] = defaultdict(dict)
    for row in rows:
        whose = row[owner] if isinstance(owner, str) else tuple(row[one] for one in owner)
        found[whose][row[key]] = "" if row[value] is None else str(row[value])
    return found
