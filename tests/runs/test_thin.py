"""Down-sampling keeps the shape of every curve."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgit.records.metrics import Point, summarize
from mlgit.runs import segments
from mlgit.runs.frames import ROW
from mlgit.runs.journal_records import Series
from mlgit.runs.segments import Segment

thin = pytest.importorskip("mlgit.runs.thin")

SERIES: dict[int, Series] = {
    0: ("loss", "", "", ""),
    1: ("acc", "", "", ""),
    2: ("acc", "m-1", "iris", "d1"),
}
Row = tuple[int, int, int, float]
rows = st.lists(
    st.tuples(
        st.integers(0, 3),  # 3 is a series that nothing defines
        st.integers(-3, 30),
        st.integers(0, 3),
        st.one_of(st.floats(), st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf])),
    ),
    max_size=60,
)


def segment(listed: list[Row]) -> Segment:
    return Segment("metrics.csv", b"".join(ROW.pack(*row) for row in listed), SERIES)


def points(part: Segment) -> list[str]:
    return [repr(point) for point in segments.points(part)]


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thin, "_MOST", 24)
    monkeypatch.setattr(thin, "_CURVE", 8)


@pytest.mark.usefixtures("_small")
@settings(deadline=None)
@given(rows)
def test_a_sample_is_a_part_of_the_points_in_their_order(listed: list[Row]) -> None:
    whole = iter(points(segment(listed)))
    assert all(point in whole for point in points(thin.thinned(segment(listed))))


@pytest.mark.usefixtures("_small")
@settings(deadline=None)
@given(rows)
def test_it_has_the_summary_of_all_points_but_for_their_number(listed: list[Row]) -> None:
    whole = summarize(segments.points(segment(listed)))
    sample = summarize(segments.points(thin.thinned(segment(listed))))
    assert sample.keys() == whole.keys()
    for key, one in whole.items():
        assert repr(sample[key]._replace(points=one.points)) == repr(one)


@pytest.mark.usefixtures("_small")
@settings(deadline=None)
@given(rows)
def test_it_is_short_and_always_the_same(listed: list[Row]) -> None:
    part = thin.thinned(segment(listed))
    assert part == thin.thinned(segment(listed))
    for series in range(3):
        assert sum(number == series for number, *_ in ROW.iter_unpack(part.rows)) <= 8


@pytest.mark.usefixtures("_small")
@settings(deadline=None)
@given(rows)
def test_the_first_point_of_every_curve_stays(listed: list[Row]) -> None:
    kept = {repr(point) for point in segments.points(thin.thinned(segment(listed)))}
    for names in SERIES.values():
        curve = [p for p in segments.points(segment(listed)) if (p.key, *p[4:]) == names]
        if curve:
            first = min(curve, key=lambda point: point[:2])[:2]
            assert any(repr(point) in kept for point in curve if point[:2] == first)


def test_a_peak_in_the_middle_of_many_points_stays() -> None:
    values = [math.sin(step / 5_000) for step in range(50_000)]
    values[31_415], values[27_182] = 9.5, -9.5
    part = thin.thinned(segment([(0, step, 7, value) for step, value in enumerate(values)]))
    kept = {point.step: point.value for point in segments.points(part)}
    assert 1_000 < len(kept) <= 2_000
    assert (kept[31_415], kept[27_182]) == (9.5, -9.5)
    gaps = [later - earlier for earlier, later in zip(sorted(kept), sorted(kept)[1:], strict=False)]
    assert max(gaps) <= 120


def test_of_many_curves_each_keeps_its_ends_and_extremes() -> None:
    series: dict[int, Series] = {number: (f"m{number}", "", "", "") for number in range(9_000)}
    values = (3.0, 5.0, 1.0, 2.0, 4.0, 3.5)
    listed = b"".join(
        ROW.pack(number, step, 0, value) for number in series for step, value in enumerate(values)
    )
    part = thin.thinned(Segment("metrics.csv", listed, series))
    last = [p for p in segments.points(part) if p.key == "m8999"]
    assert last == [Point(step, 0, "m8999", values[step]) for step in (0, 1, 2, 5)]


def test_no_points_are_no_sample() -> None:
    assert not len(thin.thinned(segment([])))
    assert not len(thin.thinned(segment([(3, 0, 0, 1.0)])))
