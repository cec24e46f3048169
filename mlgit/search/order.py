"""In which order results stand: clauses, the sort itself, and bare names on a command line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from math import isnan
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mlgit.errors import InvalidValue, NotFound
from mlgit.search import literals
from mlgit.search.expression import Field, Kind, Scalar
from mlgit.search.fields import RUNS, Vocabulary
from mlgit.search.query_error import QueryError, did_you_mean

if TYPE_CHECKING:
    from mlgit.search.match import Read, Subject

T = TypeVar("T")


class OrderKey(NamedTuple):
    """Sort by one field.

    Numbers come first (by value, then as written), then other texts, then NaN, then records
    that lack the field, whichever the direction; the direction turns numbers and texts.
    """

    field: Field
    descending: bool = False


Order = tuple[OrderKey, ...]

NEWEST_FIRST: Order = (
    OrderKey(Field(Kind.ATTRIBUTE, "start_time"), descending=True),
    OrderKey(Field(Kind.ATTRIBUTE, "run_id")),
)


def parse_order(clauses: Sequence[str], vocabulary: Vocabulary = RUNS) -> Order:
    """The order that MLflow's clauses ask for, such as `["metrics.acc DESC", "start_time"]`.

    Raises:
        QueryError: A clause names nothing searchable, or is no `field [ASC|DESC]`.
    """
    return tuple(_clause(text, vocabulary) for text in clauses)


def _clause(text: str, vocabulary: Vocabulary) -> OrderKey:
    from mlgit.search.lexer import tokens  # its expression takes a while to compile
    from mlgit.search.naming import read_field

    named, *rest = tokens(text)
    if named.kind not in ("word", "field", "string", "backtick"):
        reason = "expected a field, then ASC or DESC"
        raise QueryError(text, named.position, named.length, reason, "metrics.accuracy DESC")
    field = read_field(text, named, vocabulary)
    if field.kind is Kind.DATASET:
        raise QueryError(text, named.position, named.length, "datasets have no order")
    directed = rest[0].kind == "keyword" and rest[0].text in ("ASC", "DESC")
    behind = rest[directed]
    if behind.kind != "end":
        reason = "expected the end" if directed else "expected ASC, DESC or the end"
        raise QueryError(text, behind.position, behind.length, reason, f"{field} DESC")
    return OrderKey(field, directed and rest[0].text == "DESC")


class Keys(NamedTuple):
    """The keys that are in use among some runs."""

    metrics: Collection[str] = ()
    params: Collection[str] = ()
    tags: Collection[str] = ()


def named_order(text: str, keys: Keys) -> OrderKey:
    """The order that `-acc`, `lr` or `-metrics.acc` asks for; a leading `-` means descending.

    A bare name is the attribute of that name; else the metric, the parameter, the tag of that
    name which is in use; else a field as in a filter.

    Raises:
        NotFound: No attribute and no key in use has that name.
        QueryError: It has the form of a field and names nothing searchable.
    """
    descending, name = text.startswith("-"), text.lstrip("+-")
    return OrderKey(named_field(name, keys), descending)


def named_field(name: str, keys: Keys) -> Field:
    """The field that a bare name means, as `named_order` explains.

    Raises:
        NotFound: No attribute and no key in use has that name.
        QueryError: It has the form of a field and names nothing searchable.
    """
    attribute = RUNS.attribute(name)
    if attribute:
        return attribute
    kinds = ((Kind.METRIC, keys.metrics), (Kind.PARAM, keys.params), (Kind.TAG, keys.tags))
    for kind, known in kinds:
        if name in known:
            return Field(kind, name)
    if not name:
        raise InvalidValue("there is no name to sort by", "for example: -accuracy")
    if name.partition(".")[0].lower() in RUNS.prefixes and "." in name:
        return _clause(name, RUNS).field
    known_names = [*RUNS.attributes, *(key for _, known in kinds for key in known)]
    hint = did_you_mean(name, known_names) or "mlgit runs --columns all"
    raise NotFound(f"no attribute, metric, parameter or tag is called {name!r}", hint, name=name)


def complete(order: Order) -> Order:
    """`order` with what decides between equals: newest first, then by id."""
    named = {key.field for key in order}
    return (*order, *(key for key in NEWEST_FIRST if key.field not in named))


def ordered(subjects: Iterable[Subject], order: Order) -> list[Subject]:
    """The runs in `order`; equals newest first, then by id, then by folder."""
    start = sorted(subjects, key=lambda subject: subject.folder)
    return arrange(start, complete(order), lambda subject: subject.read)


def arrange(items: Sequence[T], order: Order, reader: Callable[[T], Read]) -> list[T]:
    """`items` in `order`; those equal in every key keep their places."""
    result = list(items)
    for key in reversed(order):
        result = _sorted_by(result, key, reader)
    return result


def _sorted_by(items: list[T], key: OrderKey, reader: Callable[[T], Read]) -> list[T]:
    groups: tuple[list[tuple[tuple[float, str], T]], ...] = ([], [], [], [])
    for item in items:
        rank, value = sort_value(key.field, reader(item)(key.field))
        groups[rank].append((value, item))
    for group in groups[:2]:
        group.sort(key=lambda pair: pair[0], reverse=key.descending)
    return [item for group in groups for _, item in group]


def sort_value(field: Field, values: Sequence[Scalar]) -> tuple[int, tuple[float, str]]:
    """Group (number, text, NaN, missing) and place in the group of a field's values.

    A parameter or tag that writes a number is one; attributes of text are text.
    """
    if not values:
        return 3, (0, "")
    value = values[0]
    if not isinstance(value, str):
        return (2, (0, "")) if isnan(value) else (0, (value, ""))
    as_number = None if field.kind is Kind.ATTRIBUTE else literals.number(value)
    return (1, (0, value)) if as_number is None else (0, (as_number, value))
