"""Text → expression: what is read, and what every mistake is answered with."""

from __future__ import annotations

from math import inf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.search.expression import (
    EVERYTHING,
    And,
    Comparison,
    Expression,
    Field,
    Kind,
    Not,
    Or,
    Presence,
)
from mlgit.search.fields import EXPERIMENTS
from mlgit.search.lexer import MAX_LENGTH
from mlgit.search.query import MAX_DEPTH, parse
from mlgit.search.query_error import QueryError
from tests.search import worlds

A, B, C = (Presence(Field(Kind.METRIC, key), present=True) for key in "abc")
a, b, c = (f"metrics.{key} IS NOT NULL" for key in "abc")


def attribute(name: str, operator: str, value: object) -> Expression:
    return Comparison(Field(Kind.ATTRIBUTE, name), operator, value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EVERYTHING),
        (" \n ", EVERYTHING),
        (f"{a} or {b} and {c}", Or((A, And((B, C))))),
        (f"{a} AND {b} OR {c}", Or((And((A, B)), C))),
        (f"{a} AND ({b} OR {c})", And((A, Or((B, C))))),
        (f"NOT {a} AND {b}", And((Not(A), B))),
        (f"not not {a}", Not(Not(A))),
        (f"{a} AND {b} AND {c}", And((A, B, C))),
        (f"(({a}))", A),
    ],
)
def test_not_binds_before_and_before_or(text: str, expected: Expression) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("written", "kind", "key"),
    [
        ("metrics.a", Kind.METRIC, "a"),
        ("metric.a.b/c-d:e", Kind.METRIC, "a.b/c-d:e"),
        ("metrics.`a b`", Kind.METRIC, "a b"),
        ("metrics . `a``b`", Kind.METRIC, "a`b"),
        ('params."a ""b"""', Kind.PARAM, 'a "b"'),
        ("parameters.ключ", Kind.PARAM, "ключ"),
        ("param.x", Kind.PARAM, "x"),
        ("tag.x", Kind.TAG, "x"),
        ("tags.`or`", Kind.TAG, "or"),
        ("datasets.digest", Kind.DATASET, "digest"),
        ("dataset.name", Kind.DATASET, "name"),
        ("run_id", Kind.ATTRIBUTE, "run_id"),
        ("attr.`run name`", Kind.ATTRIBUTE, "run_name"),
        ('"Run Name"', Kind.ATTRIBUTE, "run_name"),
        ("attributes.Created", Kind.ATTRIBUTE, "start_time"),
        ("run.user_id", Kind.ATTRIBUTE, "user_id"),
        ("user", Kind.ATTRIBUTE, "user_id"),
        ("tags.mlflow.parentRunId", Kind.ATTRIBUTE, "parent"),
    ],
)
def test_fields_have_mlflows_spellings(written: str, kind: Kind, key: str) -> None:
    assert parse(f"{written} IS NULL") == Presence(Field(kind, key), present=False)


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
def test_operators_need_no_space(operator: str) -> None:
    expected = Comparison(Field(Kind.METRIC, "a"), operator, -0.5)
    assert parse(f"metrics.a{operator}-0.5") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status == 'finished'", attribute("status", "=", "FINISHED")),
        ("status <> 'FAILED'", attribute("status", "!=", "FAILED")),
        ("name like 'a%'", attribute("run_name", "LIKE", "a%")),
        ("name NOT ILIKE 'it''s'", attribute("run_name", "NOT ILIKE", "it's")),
        ("run_id in ('a', \"b\")", attribute("run_id", "IN", ("a", "b"))),
        ("id NOT IN ('a')", attribute("run_id", "NOT IN", ("a",))),
        ("duration > 1.5", attribute("duration", ">", 1500)),
        ("duration < '1h30m'", attribute("duration", "<", 5_400_000)),
        ("start >= '1970-01-02'", attribute("start_time", ">=", 86_400_000)),
        ("start_time = 17", attribute("start_time", "=", 17)),
    ],
)
def test_values_become_what_their_field_compares_with(text: str, expected: Expression) -> None:
    assert parse(text) == expected


def test_nan_and_infinity_are_numbers_of_metrics() -> None:
    found = parse("metrics.a IN (nan, -inf, 1)")
    assert isinstance(found, Comparison)
    assert isinstance(found.value, tuple)
    assert isnan(found.value[0])  # type: ignore[arg-type]
    assert found.value[1:] == (-inf, 1)


@pytest.mark.parametrize(
    ("text", "wrong", "reason", "hint"),
    [
        ("metrics.a > 0.9 && x", "&&", "'&&' is unknown", "use AND"),
        ("a || b", "||", "'||' is unknown", "use OR"),
        ("!metrics.a > 1", "!", "'!' is unknown", "use NOT"),
        ("statu = 'x'", "statu", "no attribute 'statu'", "did you mean status"),
        ("val_acc > 1", "val_acc", "no attribute", "metrics.val_acc or params.val_acc"),
        ("mtrics.a > 1", "mtrics.a", "nothing is called 'mtrics'", "metrics.a"),
        ("nosuch.a > 1", "nosuch.a", "nothing is called", "one of metrics., params."),
        ("attributes.statu = 'x'", "attributes.statu", "no attribute 'statu'", "status"),
        ("datasets.size = 'x'", "datasets.size", "datasets have no 'size'", "name, digest"),
        ("metrics.`` > 1", "metrics.``", "followed by no name", "quote"),
        ("metrics.a > '0.9'", "'0.9'", "a number, not text", "metrics.a > 0.9"),
        ("metrics.a > 'x'", "'x'", "a number, not text", "without quotes"),
        ("metrics.a < nan", "nan", "NaN is neither less", "= nan"),
        ("params.a = inf", "inf", "is text, never inf", "params.a = 'inf'"),
        ("tags.a = abc", "abc", "'abc' is not quoted", "'abc'"),
        ("run_name = 5", "5", "run_name is text", "run_name = '5'"),
        ("status = 'FINSHED'", "'FINSHED'", "no status 'FINSHED'", "did you mean"),
        ("status = 'zzz'", "'zzz'", "no status", "RUNNING"),
        ("metrics.a LIKE 'x'", "'x'", "is a number, LIKE needs text", ""),
        ("params.a LIKE 5", "5", "needs a quoted pattern", "params.a LIKE '%5%'"),
        ("start = '2026-11-23'", "'2026-11-23'", "compared with <", "start_time >="),
        ("start > 'soon'", "'soon'", "is no time", "7d ago"),
        ("start > nan", "nan", "start_time is never NaN", ""),
        ("duration > '5 parsecs'", "'5 parsecs'", "is no duration", "1h30m"),
        ("duration > nan", "nan", "never NaN", ""),
        ("metrics.a >", "", "expected a value", ""),
        ("metrics.a > AND", "AND", "expected a value", ""),
        ("metrics.a", "", "expected a comparison after metrics.a", "LIKE"),
        ("metrics.`a b` 5", "5", "expected a comparison after metrics.`a b`", "LIKE"),
        ("metrics.a IS 5", "5", "expected NULL", "metrics.a IS NOT NULL"),
        ("metrics.a IN 5", "5", "expected '('", ""),
        ("metrics.a IN ()", ")", "expected a value", ""),
        ("metrics.a IN (1", "", "expected ')'", ""),
        ("metrics.a > 1 metrics.b > 1", "metrics.b", "expected AND, OR or the end", ""),
        ("metrics.a > 1)", ")", "expected AND, OR or the end", ""),
        ("(metrics.a > 1", "", "expected ')'", ""),
        ("AND", "AND", "expected a field", "for example"),
        ("0.9 < metrics.a", "0.9", "expected a field", "for example"),
        ("name = 'abc", "'abc", "the quote ' is not closed", "add '"),
        ("metrics.a > 1.2.3", "1.2.3", "neither a number nor a name", ""),
        ("metrics.a > 1; drop", ";", "';' is unknown", "one query at a time"),
        ("metrics.a > #", "#", "neither", ""),
        ("name = 'a\ud800'", "name = 'a\ud800'", "not valid Unicode", ""),
    ],
)
def test_a_mistake_is_marked_and_answered(text: str, wrong: str, reason: str, hint: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(text)
    error = raised.value
    assert text[error.position : error.position + error.length] == wrong
    assert wrong or error.position == len(text)
    assert reason in error.reason
    assert hint in error.hint
    assert error.facts["position"] == error.position
    assert error.facts["length"] == error.length


def test_depth_and_length_are_bounded() -> None:
    deep = MAX_DEPTH - 1
    assert parse("(" * deep + a + ")" * deep) == A
    for text in ("(" * 50_000, "NOT " * 20_000 + a, "x" * (MAX_LENGTH + 1)):
        with pytest.raises(QueryError):
            parse(text)
    many = parse(" OR ".join([a] * 2000))
    assert isinstance(many, Or)
    assert len(many.parts) == 2000


def test_experiments_have_their_own_names() -> None:
    found = parse("name LIKE 'a%' AND tags.x = 'y' AND created > 5", EXPERIMENTS)
    assert isinstance(found, And)
    with pytest.raises(QueryError, match="nothing is called 'metrics'"):
        parse("metrics.a > 1", EXPERIMENTS)


def check_read_or_refused(text: str) -> None:
    """It parses, or the error marks a place in it."""
    marked = None
    try:
        parse(text)
    except QueryError as error:
        marked = error
    assert marked is None or 0 <= marked.position <= len(text) - marked.length


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    check_read_or_refused(text)


@given(worlds.queries(), st.data())
def test_a_damaged_query_is_read_or_refused(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from(("'", "(", ")", "`", '"', " AND ", "=", "\x00", "1", ".")))
    broken = text[:at] + piece + text[at + data.draw(st.integers(0, 3)) :]
    check_read_or_refused(broken)
