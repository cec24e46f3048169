"""Numbers and times as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.cli.numbers import ago, aligned, change, duration, number, size

SECOND, HOUR, DAY = 1000, 3_600_000, 86_400_000
NOW = 1_795_420_491_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.96312, "0.9631"),
        (12.0, "12"),
        (-0.0, "0"),
        (1_234_567.8, "1.235e+06"),
        (123_456.0, "123456"),
        (3.2e-7, "3.2e-07"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_has_four_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_a_column_shares_its_decimals() -> None:
    assert aligned([0.9, 0.9631, None, 12.0]) == ["0.9000", "0.9631", "", "12.0000"]
    assert aligned([1.0, 20.0]) == ["1", "20"]
    assert aligned([1e-9, 0.5]) == ["1e-09", "0.5"]
    assert aligned([0.25, math.nan]) == ["0.25", "nan"]


@given(st.lists(st.none() | st.floats()))
def test_any_column_can_be_written(values: list[float | None]) -> None:
    assert len(aligned(values)) == len(values)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (0.5, 0.6, "+20.0%"),
        (-2.0, -1.0, "+50.0%"),
        (0.0, 0.25, "+0.25"),
        (1.0, 1.0, "same"),
        (math.nan, math.nan, "same"),
        (math.inf, math.inf, "same"),
        (math.nan, 1.0, "?"),
        (1.0, math.inf, "+inf"),
        (1e-9, 1.0, "+1"),
    ],
)
def test_a_change_is_in_percent_where_that_means_something(
    before: float, after: float, text: str
) -> None:
    assert change(before, after) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (41_200_000, "41.2 MB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (12, "12 ms"),
        (4_200, "4.2s"),
        (59_960, "1m 00s"),
        (64 * SECOND, "1m 04s"),
        (2 * HOUR + 180 * SECOND, "2h 03m"),
        (2 * DAY + 3 * HOUR, "2d 3h"),
        (-5 * SECOND, "-5.0s"),
    ],
)
def test_durations_have_two_units(ms: int, text: str) -> None:
    assert duration(ms) == text


@pytest.mark.parametrize(
    ("earlier", "text"),
    [
        (0, "now"),
        (40 * SECOND, "40s ago"),
        (150 * SECOND, "2m ago"),
        (3 * DAY, "3d ago"),
        (40 * DAY, "2026-10-14"),
        (-300 * SECOND, "in 5m"),
    ],
)
def test_times_are_told_from_now(earlier: int, text: str) -> None:
    assert ago(NOW - earlier, NOW) == text
