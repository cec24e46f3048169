"""A query as a value: what the parser makes, the matcher decides and SQL only repeats."""

from __future__ import annotations

from enum import Enum
from typing import Literal, NamedTuple

Scalar = str | int | float


class Kind(Enum):
    """Which part of a record a field is read from, as it is written before the dot."""

    ATTRIBUTE = "attributes"
    METRIC = "metrics"
    PARAM = "params"
    TAG = "tags"
    DATASET = "datasets"


class Field(NamedTuple):
    """One searchable thing: a metric, parameter or tag by key, or an attribute by its one name."""

    kind: Kind
    key: str

    def __str__(self) -> str:
        if self.kind is Kind.ATTRIBUTE:
            return self.key
        plain = self.key.replace(".", "_").isidentifier()
        return f"{self.kind.value}.{self.key if plain else f'`{self.key}`'}"


class Comparison(NamedTuple):
    """`field operator value`; false wherever the field is missing.

    `operator` is one of = != < <= > >= LIKE ILIKE IN and NOT before the last three. A text value
    compares as text, a number with whatever is a number; times and durations are milliseconds.
    """

    field: Field
    operator: str
    value: Scalar | tuple[Scalar, ...]


class Presence(NamedTuple):
    """`field IS NOT NULL` (`present`) or `field IS NULL`."""

    field: Field
    present: bool


class Not(NamedTuple):
    """True exactly where `part` is false."""

    part: Expression


class And(NamedTuple):
    """True where every part is; so `And(())` is everything."""

    parts: tuple[Expression, ...]
    word: Literal["AND"] = "AND"


class Or(NamedTuple):
    """True where at least one part is."""

    parts: tuple[Expression, ...]
    word: Literal["OR"] = "OR"


Expression = Comparison | Presence | Not | And | Or

EVERYTHING = And(())
