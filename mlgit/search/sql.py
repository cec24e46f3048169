"""Expression → SQL on the index, exactly as `match` decides; conditions are 1 or 0, never NULL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from math import isnan

from mlgit.search.expression import (
    And,
    Comparison,
    Expression,
    Field,
    Kind,
    Not,
    Or,
    Presence,
    Scalar,
)
from mlgit.search.schema import NEVER_NULL

_QUICK = 2  # `%` of a pattern; with more of them GLOB looks back and forth
_MAX_NODES = 400  # SQLite refuses deeper expressions
_MAX_VALUES = 30_000 if sqlite3.sqlite_version_info >= (3, 32) else 900

Kid = Callable[[Kind, str], int | None]


class TooComplex(Exception):
    """SQLite's limits are too low for a query; `match` decides on every run instead."""


class Sql:
    """A piece of SQL under way: its text is returned by functions, its values collect here.

    Attributes:
        kid: The number of a key.
        rid: What is the run's number; of the table that is looked at first, so that a row there
            is left before others are looked up.
    """

    def __init__(self, kid: Kid, rid: str = "r.rid") -> None:
        self.kid, self.rid = kid, rid
        self.values: list[Scalar | None] = []
        self._nodes = 0

    def bind(self, value: Scalar | None) -> str:
        """A mark that stands for `value`."""
        self.values.append(value)
        if len(self.values) > _MAX_VALUES:
            raise TooComplex
        return "?"

    def bind_all(self, values: Iterable[Scalar]) -> str:
        """Marks for a list of values."""
        return ", ".join([self.bind(value) for value in values])

    def condition(self, expression: Expression) -> str:
        """The condition on the run `r` that `expression` is.

        Raises:
            TooComplex: There is no room for it in one statement.
        """
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise TooComplex
        if isinstance(expression, Not):
            return f"NOT {self.condition(expression.part)}"
        if isinstance(expression, (And, Or)):
            word = f" {expression.word} "
            neutral = "1" if isinstance(expression, And) else "0"
            parts = [self.condition(part) for part in expression.parts]
            return f"({word.join(parts) or neutral})"
        return self._leaf(expression)

    def _leaf(self, expression: Comparison | Presence) -> str:
        kind = expression.field.kind
        if kind is Kind.ATTRIBUTE:
            return self._of_attribute(expression)
        if kind is Kind.DATASET:
            column = expression.field.key
            inside = self._text(f"d.{column}", expression)
            found = f"EXISTS (SELECT 1 FROM datasets d WHERE d.rid = {self.rid} AND {inside})"
            return self._presence(found, expression)
        kid = self.kid(kind, expression.field.key)
        if kid is None:
            return "1" if isinstance(expression, Presence) and not expression.present else "0"
        where = f"v.kid = {kid} AND v.rid = {self.rid}"
        inside = self.of_value("v", expression) if isinstance(expression, Comparison) else "1"
        return self._presence(
            f"EXISTS (SELECT 1 FROM vals v WHERE {where} AND {inside})", expression
        )

    def _presence(self, found: str, expression: Comparison | Presence) -> str:
        absent = isinstance(expression, Presence) and not expression.present
        return f"NOT {found}" if absent else found

    def of_value(self, alias: str, comparison: Comparison) -> str:
        """The condition of a comparison on the row `alias` of its metric, parameter or tag."""
        number, text = f"{alias}.number", f"{alias}.text"
        if comparison.operator.endswith(("IN", "LIKE")):
            return self._of_list_or_pattern(number, text, comparison)
        literal, operator = comparison.value, comparison.operator
        if isinstance(literal, str):
            return f"{text} {operator} {self.bind(literal)}"
        assert not isinstance(literal, tuple)
        if isnan(literal):
            return f"{number} IS {'NOT ' * (operator == '!=')}NULL"
        if operator == "!=":
            return f"{number} IS NOT {self.bind(literal)}"
        return f"{number} {operator} {self.bind(literal)}"

    def _of_list_or_pattern(self, number: str, text: str, comparison: Comparison) -> str:
        literal = comparison.value
        negation = "NOT " * comparison.operator.startswith("NOT")
        if not isinstance(literal, tuple):
            return f"{negation}{self._fits(text, comparison)}"
        texts = [one for one in literal if isinstance(one, str)]
        numbers = [one for one in literal if not isinstance(one, str) and not isnan(one)]
        tests = [f"{text} IN ({self.bind_all(texts)})"] if texts else []
        tests += [f"{number} IN ({self.bind_all(numbers)})"] if numbers else []
        tests += [f"{number} IS NULL"] if len(texts) + len(numbers) < len(literal) else []
        return f"{negation}({' OR '.join(f'ifnull({test}, 0)' for test in tests)})"

    def _fits(self, text: str, comparison: Comparison) -> str:
        """By SQLite's own GLOB where that means the same and stays quick, else by `like`."""
        pattern, folded = str(comparison.value), "ILIKE" in comparison.operator
        exact = f"fits({self.bind(pattern)}, {int(folded)}, {text})"
        if folded or "\0" in pattern or pattern.count("%") > _QUICK:
            return exact
        globbed = f"{text} GLOB {self.bind(as_glob(pattern))}"
        return f"(CASE WHEN instr({text}, char(0)) THEN {exact} ELSE {globbed} END)"

    def _of_attribute(self, expression: Comparison | Presence) -> str:
        name = expression.field.key
        if name == "experiment":
            inside = self._text("e.name", expression)
            known = f"(SELECT e.id FROM experiments e WHERE e.shown AND {inside})"
            return self._presence(f"r.experiment_id IN {known}", expression)
        if name == "note":
            inside = self._text("d.note", expression)
            found = f"EXISTS (SELECT 1 FROM documents d WHERE d.rid = {self.rid} AND {inside})"
            return self._presence(found, expression)
        column = attribute(expression.field)
        if isinstance(expression, Presence):
            return f"({column} IS {'NOT ' * expression.present}NULL)"
        inside = self._text(column, expression)
        return inside if name in NEVER_NULL else f"ifnull({inside}, 0)"

    def _text(self, column: str, expression: Comparison | Presence) -> str:
        """A comparison of one column; of NULL it is NULL or false."""
        if isinstance(expression, Presence):
            return f"{column} IS NOT NULL"
        operator, literal = expression.operator, expression.value
        if isinstance(literal, tuple):
            return f"{column} {operator} ({self.bind_all(literal)})"
        if operator.endswith("LIKE"):
            negation = "NOT " * operator.startswith("NOT")
            return f"({column} IS NOT NULL AND {negation}{self._fits(column, expression)})"
        return f"{column} {operator} {self.bind(literal)}"


def as_glob(pattern: str) -> str:
    """A pattern of LIKE as one of SQLite's GLOB, to which the case of letters matters, too."""
    literal = re.sub(r"[*?[]", r"[\g<0>]", pattern)
    return literal.replace("%", "*").replace("_", "?")


def attribute(field: Field) -> str:
    """What an attribute is in SQL, on the run `r`; NULL where it is missing."""
    return _COMPUTED.get(field.key, f'r."{field.key}"')


_COMPUTED = {
    "duration": "(r.end_time - r.start_time)",
    "artifact_uri": "('runs:/' || r.run_id)",
    "experiment": "(SELECT e.name FROM experiments e WHERE e.id = r.experiment_id AND e.shown)",
    "note": "(SELECT d.note FROM documents d WHERE d.rid = r.rid)",
}
