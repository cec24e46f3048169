"""Keys, names, ids and values: MLflow's rules at their edges."""

from __future__ import annotations

from decimal import Decimal
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit import errors
from mlgit.records import names
from mlgit.records.words import ADJECTIVES, ANIMALS


@pytest.mark.parametrize(
    "key", ["a", "val acc", "a/b.c-d:e", "é", "日本", "_", "a" * 250, "a..b", "1", "-"]
)
@pytest.mark.parametrize("kind", ["metric", "param", "tag"])
def test_a_key_of_mlflow_is_a_key(kind: str, key: str) -> None:
    assert names.validate_key(kind, key) == key


@pytest.mark.parametrize(
    "key",
    [
        *["", ".", "..", "../a", "..a", "/a", "a/", "a//b", "a/../b", "./a", "a/.", "a\n", "a\tb"],
        *["a,b", "a" * 251, "a\x00", "\ud800", "a\u202eb", "\U0001f4a5", "a=b", None, 5],
    ],
)
def test_a_key_that_mlflow_refuses_is_refused(key: Any) -> None:
    with pytest.raises(errors.InvalidValue):
        names.validate_key("metric", key)


def test_values_are_cut_at_their_limit_and_the_caller_is_told() -> None:
    assert names.param_value("k", "x" * 6000) == ("x" * 6000, None)
    cut, told = names.param_value("k", "x" * 6001)
    assert (len(cut), str(told)) == (6000, "param 'k' has 6001 characters; cut to 6000")
    assert names.tag_value("k", "x" * 8000)[1] is None
    assert names.tag_value("k", "x" * 8001) == ("x" * 8000, names.Truncated("tag", "k", 8001, 8000))
    assert names.param_value("k", 0.1) == ("0.1", None)


def test_an_experiment_tag_is_refused_beyond_its_limit() -> None:
    assert names.experiment_tag_value("k", "x" * 20_000)
    with pytest.raises(errors.InvalidValue):
        names.experiment_tag_value("k", "x" * 20_001)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *[(1, 1.0), (True, 1.0), (0.1, 0.1), (inf, inf), (-0.0, -0.0)],
        *[("1.5", 1.5), (" 2 ", 2.0), (b"1", 1.0), ("-inf", -inf), (Decimal("0.5"), 0.5)],
        *[(np.array(3), 3.0), (np.array([[4.0]]), 4.0), (np.float32(0.5), 0.5), (np.True_, 1.0)],
    ],
)
@pytest.mark.filterwarnings("error")  # numpy's, where an array is taken for a number
def test_what_is_a_number_is_a_metric(value: Any, number: float) -> None:
    assert repr(names.metric_value("k", value)) == repr(number)
    assert isnan(names.metric_value("k", nan))


class Tensor:
    """Refuses as torch does when it has several elements, or is on no device."""

    def item(self) -> float:
        raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")


NO_NUMBERS = ["", "one", None, [], [1.0], 1j, 10**400, object(), np.array([1, 2.0]), Tensor()]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_is_no_metric(value: Any) -> None:
    with pytest.raises(errors.InvalidValue, match="needs a number"):
        names.metric_value("k", value)


def test_a_step_is_a_whole_number_of_18_digits() -> None:
    assert names.step_value(1.9) == 1
    assert names.step_value(-3) == -3
    assert names.step_value(10**18 - 1) == 10**18 - 1
    steps: list[Any] = [10**18, nan, inf, None, "x", []]
    for step in steps:
        with pytest.raises(errors.InvalidValue):
            names.step_value(step)


def test_a_timestamp_is_not_before_1970() -> None:
    assert names.timestamp_value(0) == 0
    with pytest.raises(errors.InvalidValue):
        names.timestamp_value(-1)


@pytest.mark.parametrize("run_id", ["4f1c9e20aa11bb22", "A", "a_b-c", "x" * 256, "tété"])
def test_ids_of_imports_are_accepted(run_id: str) -> None:
    assert names.validate_run_id(run_id) == run_id


@pytest.mark.parametrize("run_id", ["", "-a", "_a", "a b", "a/b", "a\n", "x" * 257, "a.b", None])
def test_what_is_no_id_is_refused(run_id: Any) -> None:
    with pytest.raises(errors.InvalidValue):
        names.validate_run_id(run_id)


@pytest.mark.parametrize(
    ("check", "limit"), [(names.validate_experiment_name, 500), (names.validate_run_name, 250)]
)
def test_names_are_not_empty_nor_long_nor_hold_control_characters(check: Any, limit: int) -> None:
    for good in ("a", "Größe & Gewicht / v2", "=cmd|'/c calc'!A0", "💥", "x" * limit):
        assert check(good) == good
    for bad in ("", "  ", "x" * (limit + 1), "a\nb", "a\x1b[2J", "a\x85", "\ud800", None, 5):
        with pytest.raises(errors.InvalidValue):
            check(bad)


@given(st.binary(min_size=3, max_size=3))
def test_human_names_are_an_adjective_an_animal_and_a_number(chance: bytes) -> None:
    adjective, animal, number = names.human_name(chance).split("-")
    assert adjective in ADJECTIVES
    assert animal in ANIMALS
    assert 0 <= int(number) < 100


def test_the_words_are_many_and_plain() -> None:
    for words in (ADJECTIVES, ANIMALS):
        assert len(set(words)) == len(words) >= 120
        assert all(word.isascii() and word.islower() and word.isalpha() for word in words)
