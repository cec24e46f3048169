"""Numbers, dates and spans in queries."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.search.literals import MAX_INTEGER, moment, number, seconds, span
from mlgit.times import Sources, pinned

NOW = 1_795_392_000_000


@given(st.integers(-MAX_INTEGER, MAX_INTEGER))
def test_whole_numbers_stay_exact(value: int) -> None:
    found = number(str(value))
    assert found == value
    assert isinstance(found, int)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_back(value: float) -> None:
    assert number(repr(value)) == value


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1_0", "nan", "inf", "0x1", "1e", ".", "+", "\u0661", "1\n", "1,5"]
)
def test_other_texts_are_no_numbers(text: str) -> None:
    assert number(text) is None


def test_a_number_beyond_64_bits_is_the_nearest_float() -> None:
    assert number("9223372036854775808") == 2.0**63
    assert number("1" + "0" * 400) == float("inf")


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 1),
        max_value=datetime(9999, 1, 1),
    )
)
def test_a_date_is_its_moment_in_utc(when: datetime) -> None:
    expected = int(when.replace(tzinfo=timezone.utc, microsecond=0).timestamp()) * 1000
    assert moment(when.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")) == expected
    assert moment(when.strftime("%Y-%m-%d %H:%M:%S.250Z").rjust(24, "0")) == expected + 250


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T01:00", 3_600_000),
        ("1970-01-01T01:00+01:00", 0),
        ("1970-01-01T00:00-0130", 5_400_000),
        ("7d ago", NOW - 7 * 86_400_000),
        ("90 minutes ago", NOW - 5_400_000),
        ("2W AGO", NOW - 14 * 86_400_000),
        ("5 parsecs ago", None),
        ("2026-13-01", None),
        ("2026-02-30", None),
        ("2026-11-23T25:00", None),
        ("0000-01-01", None),
        ("2026-11-23T", None),
        ("yesterday", None),
    ],
)
def test_moments(text: str, expected: int | None) -> None:
    with pinned(Sources(clock=lambda: NOW)):
        assert moment(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90_000),
        ("1h30m", 5_400_000),
        ("2 days", 172_800_000),
        ("1.5h", 5_400_000),
        ("250ms", 250),
        ("1h 30 m", 5_400_000),
        ("9" * 300 + "d", MAX_INTEGER),
        ("9" * 400 + "d", MAX_INTEGER),
        ("h", None),
        ("5", None),
        ("5 parsecs", None),
        ("", None),
    ],
)
def test_spans(text: str, expected: int | None) -> None:
    assert span(text) == expected


def test_seconds_become_whole_milliseconds_where_they_are() -> None:
    assert seconds(0.57) == 570
    assert isinstance(seconds(0.57), int)
    assert seconds(0.0001) == pytest.approx(0.1)
    assert seconds(float("inf")) == float("inf")
