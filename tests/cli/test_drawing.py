"""Curves in one line and on a terminal, with Unicode and without."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.cli.escape import width
from mlgit.cli.lineplot import Curve, plot, smooth
from mlgit.cli.sparkline import resample, sparkline
from mlgit.cli.terminal import Terminal

RISING = Curve("rising", [(step, step**0.5) for step in range(50)])
FALLING = Curve("falling", [(step, 7 - step / 7) for step in range(50)])


def test_a_sparkline_goes_from_low_to_high() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, unicode=False) == "_.-~=+*#"


def test_gaps_and_infinities_have_their_place() -> None:
    assert sparkline([0, math.nan, 1], 8) == "▁ █"
    assert sparkline([0, math.inf, 1, -math.inf], 8) == "▁██▁"
    assert sparkline([math.nan], 8) == ""
    assert sparkline([], 8) == ""
    assert sparkline([3, 3, 3], 8) == "▅▅▅"


def test_many_points_become_means() -> None:
    assert resample([1, 3, 5, 7], 2) == [2, 6]


@given(st.lists(st.floats(), max_size=200), st.integers(1, 30))
def test_any_values_fit(values: list[float], columns: int) -> None:
    assert len(sparkline(values, columns)) <= columns


def test_a_smoothed_curve_starts_where_the_curve_does() -> None:
    assert smooth([(0, 10.0), (1, 20.0)], 0.0) == [(0, 10.0), (1, 20.0)]
    first, second = smooth([(0, 10.0), (1, 20.0)], 0.5)
    assert first == (0, 10.0)
    assert second[1] == pytest.approx(50 / 3)


def test_one_curve_is_drawn_in_braille() -> None:
    lines = plot([RISING], Terminal(width=60), height=8)
    assert len(lines) == 8 + 3
    assert all(width(line) <= 60 for line in lines)
    assert any("\u2800" < letter <= "\u28ff" for letter in "".join(lines))
    assert lines[0].startswith("7.0 │")
    assert lines[-1] == "  ━━ rising  7"


def test_curves_without_colour_are_told_apart_by_letters() -> None:
    lines = plot([RISING, FALLING], Terminal(width=60), height=8)
    assert "a" in "".join(lines[:8])
    assert "b" in "".join(lines[:8])
    assert lines[-2:] == ["  a rising  7", "  b falling  0"]


def test_ascii_terminals_get_ascii() -> None:
    assert "".join(plot([RISING, FALLING], Terminal(unicode=False))).isascii()


def test_nothing_to_draw_is_no_lines() -> None:
    assert plot([Curve("none", [(0, math.nan)])], Terminal()) == []


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=30), st.integers(1, 200))
def test_any_points_can_be_drawn(points: list[tuple[float, float]], columns: int) -> None:
    plot([Curve("c", points), RISING], Terminal(width=columns), height=5)


def test_a_million_points_keep_their_extremes() -> None:
    points = [(float(step), 0.0) for step in range(200_000)]
    points[777] = (777.0, 5.0)
    assert plot([Curve("spike", points)], Terminal(width=60))[0].startswith("5.")
