"""A question → the statements that answer it, chosen so that few rows are looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from mlgit.search.expression import And, Comparison, Expression, Field, Kind
from mlgit.search.order import Order, OrderKey, complete
from mlgit.search.question import Question, View
from mlgit.search.schema import KINDS, NEVER_NULL
from mlgit.search.sql import Sql, TooComplex, attribute
from mlgit.search.statement import Statement

_FEW = 2000  # rows that are looked up and sorted sooner than an index is walked
_MAX_KEYS = 30  # of an order; SQLite joins 64 tables at most


class Planner(NamedTuple):
    """Answers questions with the ids of rows; `hidden` run ids count as not there."""

    connection: sqlite3.Connection
    hidden: Collection[str] = ()

    def rids(self, question: Question, limit: int | None, offset: int) -> list[int]:
        """Rows of the runs asked for, in order.

        Raises:
            TooComplex: The question is beyond SQLite's limits.
        """
        order = self._known(complete(question.order))
        wanted = -1 if limit is None else limit
        first = order[0]
        driver = self._narrowest(question.expression)
        if driver is None and limit is not None and first.field.kind is Kind.METRIC:
            return self._walk(question, order, limit, offset)
        statement = self._statement(question, driver)
        return statement.rows(self._by(statement, order), wanted, offset)

    def count(self, question: Question) -> int:
        """How many runs are asked for.

        Raises:
            TooComplex: The question is beyond SQLite's limits.
        """
        return self._statement(question, self._narrowest(question.expression)).count()

    def kid(self, kind: Kind, key: str) -> int | None:
        """The number of a key; None where no run has ever had it."""
        sql = "SELECT kid FROM keys WHERE kind = ? AND key = ?"
        row = self.connection.execute(sql, (KINDS[kind], key)).fetchone()
        return None if row is None else int(row[0])

    def _known(self, order: Order) -> Order:
        """`order` without what decides nothing: keys that no run has, fields named before."""
        if len(order) > _MAX_KEYS:
            raise TooComplex
        found = {key.field: key for key in reversed(order) if self._exists(key.field)}
        return tuple(key for key in order if found.get(key.field) is key)

    def _exists(self, field: Field) -> bool:
        return field.kind is Kind.ATTRIBUTE or self.kid(field.kind, field.key) is not None

    def _narrowest(self, expression: Expression) -> Comparison | None:
        """A condition that all answers meet and that few rows do."""
        for part in conjuncts(expression):
            if isinstance(part, Comparison) and part.field.kind in KINDS and self._few(part):
                return part
        return None

    def _few(self, comparison: Comparison) -> bool:
        statement = Statement(self.connection, Sql(self.kid), "")
        statement.start_from(comparison, "v")
        return statement.count(most=_FEW) < _FEW

    def _statement(self, question: Question, driver: Comparison | None) -> Statement:
        if driver is None:
            statement = Statement(self.connection, Sql(self.kid), "runs r")
        else:
            statement = Statement(self.connection, Sql(self.kid, "v0.rid"), "")
            statement.start_from(driver, "v0")
            statement.source += " CROSS JOIN runs r ON r.rid = v0.rid"
        self._restrict(statement, question, (driver,))
        return statement

    def _restrict(
        self, statement: Statement, question: Question, done: Sequence[Expression | None] = ()
    ) -> None:
        for condition in scope(statement.sql, question, self.hidden):
            statement.where.append(condition)
        for part in conjuncts(question.expression):
            if not any(part is one for one in done):
                statement.where.append(statement.sql.condition(part))

    def _by(self, statement: Statement, order: Order, done: int = 0) -> list[str]:
        """The terms of ORDER BY; tables they need are joined to `statement`."""
        terms = [
            term
            for number, key in enumerate(order[done:], 1)
            for term in self._terms(statement, key, f"o{number}")
        ]
        return terms + self._last_terms()

    def _terms(self, statement: Statement, key: OrderKey, alias: str) -> list[str]:
        direction = " DESC" if key.descending else ""
        if key.field.kind is Kind.ATTRIBUTE:
            column = attribute(key.field)
            absent = [] if key.field.key in NEVER_NULL else [f"{column} IS NULL"]
            return [*absent, column + direction]
        kid = self.kid(key.field.kind, key.field.key)
        statement.source += (
            f" LEFT JOIN vals {alias} ON {alias}.kid = {kid} AND {alias}.rid = r.rid"
        )
        places = [f"{alias}.rid IS NULL", f"{alias}.number IS NULL"]
        return [*places, f"{alias}.number{direction}", f"{alias}.text{direction}"]

    def _last_terms(self) -> list[str]:
        """Runs with one id, as after a careless merge, stand in the order of their folders."""
        row = self.connection.execute("SELECT repeated FROM state").fetchone()
        folder = "(SELECT d.folder FROM documents d WHERE d.rid = r.rid)"
        return [folder] if row and row[0] else []

    def _walk(self, question: Question, order: Order, limit: int, offset: int) -> list[int]:
        """Rows in the order of a metric, from its index: as far as they are needed."""
        with_number = self._walk_numbers(question, order[0])
        direction = " DESC" if order[0].descending else ""
        by = [f"w.number{direction}", *self._by(with_number, order, 1)]
        found = with_number.rows(by, limit, offset)
        if len(found) == limit or self._must_have_number(question, order[0].field):
            return found
        skipped = offset - with_number.count() if not found else 0
        without = self._walk_rest(question, order[0])
        by = ["w.rid IS NULL", *self._by(without, order, 1)]
        return found + without.rows(by, limit - len(found), max(0, skipped))

    def _walk_numbers(self, question: Question, key: OrderKey) -> Statement:
        statement = Statement(self.connection, Sql(self.kid, "w.rid"), "vals w")
        kid = self.kid(Kind.METRIC, key.field.key)
        statement.where += [f"w.kid = {kid}", "w.text IS NULL", "w.number IS NOT NULL"]
        done = [
            part
            for part in conjuncts(question.expression)
            if isinstance(part, Comparison) and part.field == key.field
        ]
        statement.where += [statement.sql.of_value("w", part) for part in done]
        statement.source += " CROSS JOIN runs r ON r.rid = w.rid"
        self._restrict(statement, question, done)
        return statement

    def _walk_rest(self, question: Question, key: OrderKey) -> Statement:
        kid = self.kid(Kind.METRIC, key.field.key)
        source = f"runs r LEFT JOIN vals w ON w.kid = {kid} AND w.rid = r.rid"
        statement = Statement(self.connection, Sql(self.kid), source)
        statement.where.append("w.number IS NULL")
        self._restrict(statement, question)
        return statement

    def _must_have_number(self, question: Question, field: Field) -> bool:
        """Whether no run without a number for `field` can be an answer."""
        return any(
            isinstance(part, Comparison)
            and part.field == field
            and part.operator in ("<", "<=", ">", ">=")
            for part in conjuncts(question.expression)
        )


def conjuncts(expression: Expression) -> Iterator[Expression]:
    """The conditions that every answer meets."""
    if isinstance(expression, And):
        for part in expression.parts:
            yield from conjuncts(part)
    else:
        yield expression


def scope(sql: Sql, question: Question, hidden: Collection[str]) -> Iterator[str]:
    """The conditions of a question on lifecycle, experiment and run id."""
    deleted = "(SELECT e.id FROM experiments e WHERE e.shown AND e.lifecycle != 'active')"
    if question.view is View.ACTIVE:
        yield "r.lifecycle = 'active'"
        yield f"r.experiment_id NOT IN {deleted}"
    elif question.view is View.DELETED:
        yield f"(r.lifecycle != 'active' OR r.experiment_id IN {deleted})"
    if question.experiment_ids is not None:
        yield f"r.experiment_id IN ({sql.bind_all(question.experiment_ids)})"
    if hidden:
        yield f"r.run_id NOT IN ({sql.bind_all(hidden)})"
