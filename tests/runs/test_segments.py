from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgit.records.metrics import Point, decode_points, merge_segments, summarize
from mlgit.runs import segments
from mlgit.runs.frames import ROW
from mlgit.runs.journal_records import Series
from mlgit.runs.segments import Segment

bulk = pytest.importorskip("mlgit.runs.segments_bulk")

SERIES: dict[int, Series] = {
    0: ("loss", "", "", ""),
    1: ("acc/val", "", "", ""),
    2: ("acc/val", "m-1", "", ""),
    3: ("acc/val", "m-1", 'the "iris", set', "d1"),
}
rows = st.lists(
    st.tuples(
        st.integers(0, 4),  # 4 is a series that nothing defines
        st.integers(-3, 3),
        st.integers(0, 3),
        st.sampled_from([0.0, -0.0, 1.5, -2.25, 1e300, math.nan, math.inf, -math.inf]),
    ),
    max_size=30,
)
narrow = rows.map(lambda listed: [row for row in listed if row[0] in (0, 1, 4)])


def segment(listed: list[tuple[int, int, int, float]]) -> Segment:
    return Segment("metrics.csv", b"".join(ROW.pack(*row) for row in listed), SERIES)


def shown(points: list[Point]) -> list[tuple[str, ...]]:
    return [tuple(map(str, point)) for point in points]


@given(rows)
def test_a_segment_comes_back_from_its_file(listed: list[tuple[int, int, int, float]]) -> None:
    part = segment(listed)
    assert shown(decode_points(segments.encode(part))) == shown(list(segments.points(part)))
    assert len(part) == len(listed)


@given(narrow)
def test_the_bulk_file_is_the_same_file(listed: list[tuple[int, int, int, float]]) -> None:
    part = segment(listed)
    assert bulk.encode(part) == segments.encode(part)


def test_the_bulk_way_leaves_wide_files_to_the_other() -> None:
    assert bulk.encode(segment([(3, 0, 0, 1.0)])) is None


@settings(deadline=None)
@given(rows, rows, rows)
def test_the_bulk_summary_is_the_same_summary(
    first: list[tuple[int, int, int, float]],
    second: list[tuple[int, int, int, float]],
    others: list[tuple[int, int, int, float]],
) -> None:
    parts = [segment(first), segment(second)]
    more = list(segments.points(segment(others)))
    quick = bulk.summary(parts, more)
    plain = segments.summary(parts, more)
    assert quick.keys() == plain.keys()
    for key in plain:
        for one, other in zip(quick[key], plain[key], strict=True):
            assert one == other or (one != one and other != other)


@given(rows, rows)
def test_a_summary_is_that_of_all_points_once(
    first: list[tuple[int, int, int, float]], second: list[tuple[int, int, int, float]]
) -> None:
    parts = [segment(first), segment(second)]
    merged = merge_segments(segments.points(part) for part in parts)
    once, found = summarize(merged), segments.summary(parts)
    assert once.keys() == found.keys()
    for key in found:
        assert found[key].points == once[key].points


def test_many_points_take_the_bulk_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "_MANY", 10)
    listed = [(number % 2, number, number, number / 7) for number in range(100)]
    part = segment(listed)
    assert shown(decode_points(segments.encode(part))) == shown(list(segments.points(part)))
    assert segments.summary([part])["loss"].points == 50
    assert decode_points(segments.encode(segment([(3, 0, 0, 1.0)] * 20)))[0].model_id == "m-1"
