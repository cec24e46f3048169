"""The order of results, and bare names on a command line."""

from __future__ import annotations

from math import inf, nan

import pytest

from mlgit.errors import InvalidValue, NotFound
from mlgit.search.expression import Field, Kind
from mlgit.search.fields import EXPERIMENTS
from mlgit.search.match import Subject
from mlgit.search.order import Keys, OrderKey, named_order, ordered, parse_order
from mlgit.search.query_error import QueryError
from tests.search.records import a_run

ACC = Field(Kind.METRIC, "acc")


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("metrics.acc", OrderKey(ACC)),
        ("metrics.acc ASC", OrderKey(ACC)),
        ("metric.`acc` desc", OrderKey(ACC, descending=True)),
        ("start_time DESC", OrderKey(Field(Kind.ATTRIBUTE, "start_time"), descending=True)),
        ("attributes.`Run name`", OrderKey(Field(Kind.ATTRIBUTE, "run_name"))),
        ("tags.mlflow.user", OrderKey(Field(Kind.ATTRIBUTE, "user_id"))),
    ],
)
def test_clauses_are_mlflows(clause: str, expected: OrderKey) -> None:
    assert parse_order([clause]) == (expected,)


@pytest.mark.parametrize(
    ("clause", "wrong"),
    [
        ("", ""),
        ("DESC", "DESC"),
        ("metrics.acc DOWN", "DOWN"),
        ("metrics.acc DESC x", "x"),
        ("metrics.acc > 1", ">"),
        ("nosuch", "nosuch"),
        ("datasets.name", "datasets.name"),
    ],
)
def test_other_clauses_are_marked(clause: str, wrong: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse_order([clause])
    error = raised.value
    assert clause[error.position : error.position + error.length] == wrong


def test_experiments_are_ordered_by_their_own_names() -> None:
    (key,) = parse_order(["creation_time DESC"], EXPERIMENTS)
    assert key.field.key == "creation_time"


@pytest.mark.parametrize("descending", [False, True])
def test_numbers_then_nan_then_missing_whatever_the_direction(descending: bool) -> None:
    values = {"low": -inf, "one": 1.0, "high": inf, "nan": nan}
    subjects = [
        Subject(a_run(number, {"acc": value}, name=name))
        for number, (name, value) in enumerate(values.items())
    ]
    subjects.append(Subject(a_run(9, name="none")))
    found = ordered(subjects, (OrderKey(ACC, descending),))
    numbers = ["low", "one", "high"]
    expected = [*(numbers[::-1] if descending else numbers), "nan", "none"]
    assert [subject.run.name for subject in found] == expected


def test_later_clauses_decide_between_equals_and_then_the_newest() -> None:
    subjects = [
        Subject(a_run(1, {"acc": 1.0}, name="a", params={"lr": "0.1"})),
        Subject(a_run(2, {"acc": 1.0}, name="b", params={"lr": "1e-2"})),
        Subject(a_run(3, {"acc": 1.0}, name="c", params={"lr": "0.10"})),
        Subject(a_run(4, {"acc": 1.0}, name="d", params={"lr": "x"})),
    ]

    def names(*clauses: str) -> str:
        return "".join(one.run.name for one in ordered(subjects, parse_order(clauses)))

    assert names() == "dcba"
    assert names("metrics.acc") == "dcba"
    assert names("metrics.acc", "run_name") == "abcd"
    assert names("params.lr") == "bacd"
    assert names("params.lr DESC") == "cabd"
    assert names("metrics.acc", "start_time ASC") == "abcd"


KEYS = Keys(metrics={"acc", "lr"}, params={"lr", "depth"}, tags={"team", "depth"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acc", OrderKey(ACC)),
        ("-acc", OrderKey(ACC, descending=True)),
        ("+acc", OrderKey(ACC)),
        ("-metrics.acc", OrderKey(ACC, descending=True)),
        ("lr", OrderKey(Field(Kind.METRIC, "lr"))),
        ("depth", OrderKey(Field(Kind.PARAM, "depth"))),
        ("team", OrderKey(Field(Kind.TAG, "team"))),
        ("-start", OrderKey(Field(Kind.ATTRIBUTE, "start_time"), descending=True)),
        ("params.nosuch", OrderKey(Field(Kind.PARAM, "nosuch"))),
    ],
)
def test_a_bare_name_is_an_attribute_a_metric_a_parameter_or_a_tag(
    text: str, expected: OrderKey
) -> None:
    assert named_order(text, KEYS) == expected


def test_a_name_that_nothing_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound) as raised:
        named_order("-dept", KEYS)
    assert "depth" in raised.value.hint
    with pytest.raises(InvalidValue):
        named_order("-", KEYS)
    with pytest.raises(QueryError):
        named_order("attributes.nosuch", KEYS)
