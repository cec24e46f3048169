"""A literal in a query → the value its field compares with, or an error that shows the form."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, isnan
from typing import TYPE_CHECKING, NamedTuple

from mlgit.search import literals
from mlgit.search.fields import Type, Vocabulary
from mlgit.search.query_error import QueryError, did_you_mean

if TYPE_CHECKING:
    from mlgit.search.expression import Field, Scalar
    from mlgit.search.lexer import Token

STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_EQUALITIES = ("=", "!=", "IN", "NOT IN")
_WORD_NUMBERS = {"nan", "inf", "+inf", "-inf"}


class Place(NamedTuple):
    """Where in the query `text` a literal stands: its token, behind `field operator`."""

    text: str
    token: Token
    field: Field
    operator: str

    def wrong(self, reason: str, hint: str = "") -> QueryError:
        """The error that marks this literal."""
        return QueryError(self.text, self.token.position, self.token.length, reason, hint)

    def instead(self, literal: str) -> str:
        """The comparison as it would be with `literal`."""
        return f"{self.field} {self.operator} {literal}"


def read_value(place: Place, vocabulary: Vocabulary) -> Scalar:
    """The value that the literal at `place` writes.

    Raises:
        QueryError: It has not the type that the field and the operator need.
    """
    kind = vocabulary.type_of(place.field)
    literal = _literal(place)
    if not place.operator.endswith("LIKE"):
        return _READERS[kind](literal, place)
    if kind in (Type.NUMBER, Type.TIME, Type.DURATION):
        raise place.wrong(f"{place.field} is {kind.value}, LIKE needs text")
    if not isinstance(literal, str):
        raise place.wrong("LIKE needs a quoted pattern", place.instead(f"'%{place.token.text}%'"))
    return literal


def _literal(place: Place) -> Scalar:
    token = place.token
    if token.kind == "string":
        return token.text
    if token.kind == "number" or token.text.lower() in _WORD_NUMBERS:
        value = literals.number(token.text)
        return float(token.text) if value is None else value
    if token.kind == "word":
        raise place.wrong(f"{token.text!r} is not quoted", f"text needs quotes: '{token.text}'")
    raise place.wrong("expected a value: a number or a quoted text")


def _number(literal: Scalar, place: Place) -> Scalar:
    if isinstance(literal, str):
        bare = literals.number(literal) is not None
        hint = place.instead(literal) if bare else "write the number without quotes"
        raise place.wrong(f"{place.field} is a number, not text", hint)
    if isnan(literal) and place.operator not in _EQUALITIES:
        raise place.wrong("NaN is neither less nor greater than anything", "use = nan or != nan")
    return literal


def _mixed(literal: Scalar, place: Place) -> Scalar:
    if isinstance(literal, float) and not isfinite(literal):
        raise place.wrong(f"{place.field} is text, never {literal}", place.instead(f"'{literal}'"))
    return literal


def _text(literal: Scalar, place: Place) -> str:
    if not isinstance(literal, str):
        raise place.wrong(f"{place.field} is text", place.instead(f"'{place.token.text}'"))
    return literal


def _status(literal: Scalar, place: Place) -> Scalar:
    name = _text(literal, place).upper()
    if name not in STATUSES:
        hint = did_you_mean(name, [one.lower() for one in STATUSES])
        known = ", ".join(STATUSES)
        raise place.wrong(f"there is no status {name!r}", hint or f"one of {known}")
    return name


def _time(literal: Scalar, place: Place) -> Scalar:
    if not isinstance(literal, str):
        return _span_or_time(literal, place)
    when = literals.moment(literal)
    if when is None:
        forms = "'2026-11-23', '2026-11-23T08:00', '7d ago', or milliseconds"
        raise place.wrong(f"{literal!r} is no time", f"one of {forms}")
    if place.operator in _EQUALITIES:
        hint = f"{place.field} >= '2026-11-23' AND {place.field} < '2026-11-24'"
        raise place.wrong("a written time is compared with < <= > >=", hint)
    return when


def _duration(literal: Scalar, place: Place) -> Scalar:
    if not isinstance(literal, str):
        return literals.seconds(_span_or_time(literal, place))
    length = literals.span(literal)
    if length is None:
        hint = "a number of seconds, or '90s', '1h30m', '2d'"
        raise place.wrong(f"{literal!r} is no duration", hint)
    return length


def _span_or_time(literal: float, place: Place) -> float:
    if isnan(literal):
        raise place.wrong(f"{place.field} is never NaN")
    return literal


_READERS: dict[Type, Callable[[Scalar, Place], Scalar]] = {
    Type.NUMBER: _number,
    Type.MIXED: _mixed,
    Type.TEXT: _text,
    Type.STATUS: _status,
    Type.TIME: _time,
    Type.DURATION: _duration,
}
