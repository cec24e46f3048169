"""A SELECT of runs, put together piece by piece."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from mlgit.search.expression import Comparison, Kind

if TYPE_CHECKING:
    from mlgit.search.sql import Sql


class Statement:
    """A SELECT under way; conditions are added in the order in which their values are bound."""

    def __init__(self, connection: sqlite3.Connection, sql: Sql, source: str) -> None:
        self.connection, self.sql, self.source = connection, sql, source
        self.where: list[str] = []

    def start_from(self, comparison: Comparison, alias: str) -> None:
        """Look at the rows of one metric, parameter or tag that meet a comparison."""
        kid = self.sql.kid(comparison.field.kind, comparison.field.key)
        self.source = f"vals {alias}"
        self.where.append(f"{alias}.kid = {-1 if kid is None else kid}")
        if comparison.field.kind is Kind.METRIC:
            self.where.append(f"{alias}.text IS NULL")
        self.where.append(self.sql.of_value(alias, comparison))

    def rows(self, by: list[str], limit: int, offset: int) -> list[int]:
        """The row ids, in the order of the terms `by`; a negative limit is none."""
        text = f"SELECT r.rid FROM {self.source} {self._where()} ORDER BY {', '.join(by)}"
        values = [*self.sql.values, limit, offset]
        return [rid for (rid,) in self.connection.execute(f"{text} LIMIT ? OFFSET ?", values)]

    def count(self, most: int = -1) -> int:
        """How many rows there are; counting stops at `most`."""
        text = f"SELECT count(*) FROM (SELECT 1 FROM {self.source} {self._where()} LIMIT ?)"
        return int(self.connection.execute(text, [*self.sql.values, most]).fetchone()[0])

    def _where(self) -> str:
        return f"WHERE {' AND '.join(self.where)}" if self.where else ""
