"""CSV segments, their merge, and the summary of a run's metrics."""

from __future__ import annotations

import csv
import io
import random
import sys
from itertools import permutations
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit import errors
from mlgit.records.metrics import (
    HEADER,
    WIDE_HEADER,
    Point,
    decode_points,
    encode_points,
    merge_segments,
    summarize,
)
from mlgit.records.run import MetricSummary
from tests.records.record_strategies import points
from tests.records.strategies import same

segments = st.lists(points, max_size=12)


@given(segments)
def test_a_segment_is_exact_both_ways(segment: list[Point]) -> None:
    data = encode_points(segment)
    assert same(decode_points(data), segment)
    assert encode_points(decode_points(data)) == data


@given(segments)
def test_a_segment_is_csv_to_any_reader(segment: list[Point]) -> None:
    if sys.version_info < (3, 11):  # whose reader refuses NUL, which no name of ours may hold
        segment = [point for point in segment if "\0" not in "".join(map(str, point))]
    text = io.StringIO(encode_points(segment).decode(), newline="")
    header, *rows = csv.reader(text, strict=True)
    assert ",".join(header) in (HEADER, WIDE_HEADER)
    assert all(len(row) == len(header) for row in rows)
    assert [row[2] for row in rows] == [point.key for point in segment]


def test_a_segment_looks_like_this() -> None:
    some = [Point(-1, 5, "loss", 1), Point(0, 6, 'a,"b"', nan), Point(1, 7, "c d", -inf)]
    assert encode_points(some) == (
        b'step,timestamp,key,value\n-1,5,loss,1.0\n0,6,"a,""b""",nan\n1,7,c d,-inf\n'
    )
    wide = encode_points([some[0], Point(1, 2, "x", 1e-5, "m-1", "d", "9f")])
    assert wide.decode() == f"{WIDE_HEADER}\n-1,5,loss,1.0,,,\n1,2,x,1e-05,m-1,d,9f\n"
    assert encode_points([]) == b"step,timestamp,key,value\n"


@given(segments, st.integers(0, 1000))
def test_a_torn_last_line_is_left_out(segment: list[Point], cut: int) -> None:
    data = encode_points([point for point in segment if "\n" not in "".join(map(str, point))])
    torn = data[: len(data) - cut % (len(data) - data.index(b"\n"))]
    whole = decode_points(data)
    assert same(decode_points(torn), whole[: torn.count(b"\n") - 1])


GOOD = b"step,timestamp,key,value\n1,2,a,3.0\n"


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (b"1,2,a\n", 3),
        (b"1,2,a,3.0,x\n", 3),
        (b"1,2,a\n4,5,6,b,7.0\n", 3),  # cells that only together have the right number
        (b"1.5,2,a,3.0\n", 3),
        (b"1_0,2,a,3.0\n", 3),
        (b" 1,2,a,3.0\n", 3),
        (b"\xd9\xa1,2,a,3.0\n", 3),  # an Arabic digit
        (b"9999999999999999999,2,a,3.0\n", 3),
        (b"9" * 5000 + b",2,a,3.0\n", 3),
        (b",2,a,3.0\n", 3),
        (b"1,2,,3.0\n", 3),
        (b"1,2,a,\n", 3),
        (b"1,2,a,three\n", 3),
        (b"1,2,a,infinity\n", 3),
        (b"1,2,a,1__0\n", 3),
        (b"1,2,a,-nan\n", 3),
        (b"1,2,a,3.0\r4,5,b,6.0\n", 3),
        (b'1,2,"a,3.0\n', 3),
        (b'1,2,"a"b,3.0\n', 3),
        (b"1,2,\xff,3.0\n", 3),
        (b"\n", 3),
        (b"1,2,a,3.0\n<<<<<<< ours\n", 4),
        (b'1,2,"a\nb",3.0\n1,2\n', 5),
    ],
)
def test_a_damaged_row_is_named_by_its_line(row: bytes, line: int) -> None:
    for tail in (b"", b"5,6,c,7.0\n"):
        with pytest.raises(errors.Damaged, match=f"line {line} of") as caught:
            decode_points(GOOD + row + tail)
        assert caught.value.facts["line"] == line


def test_lines_may_end_as_on_windows() -> None:
    assert decode_points(GOOD + b"5,6,b,7.0\r\n") == [Point(1, 2, "a", 3.0), Point(5, 6, "b", 7.0)]


@pytest.mark.parametrize("header", [b"", b"a,b\n", b"step,timestamp,key\n", b"step;timestamp\n"])
def test_another_header_is_damage(header: bytes) -> None:
    with pytest.raises(errors.Damaged, match="line 1 of a metrics file: the header"):
        decode_points(header)


def test_columns_of_a_newer_version_are_passed_over() -> None:
    data = b"step,timestamp,key,value,unit,model_id\n1,2,a,3.0,ms,m-1\n"
    assert decode_points(data) == [Point(1, 2, "a", 3.0, "m-1")]


@given(st.lists(segments, max_size=3))
def test_merged_segments_hold_every_point_once_in_order(parts: list[list[Point]]) -> None:
    merged = merge_segments(parts)
    shown = [repr(_positive(point)) for point in merged]
    assert set(shown) == {repr(_positive(point)) for part in parts for point in part}
    assert len(shown) == len(set(shown))
    assert [p[:2] for p in merged] == sorted(p[:2] for p in merged)
    assert same(merge_segments([merged, *parts]), merged)


def _positive(point: Point) -> Point:
    return point._replace(value=point.value + 0.0)  # 0.0 and -0.0 are the same value


def test_points_of_one_moment_keep_their_order_of_appearance() -> None:
    first, second = Point(1, 1, "b", 1.0), Point(1, 1, "a", 2.0)
    assert merge_segments([[first], [second, first]]) == [first, second]
    assert merge_segments([[second], [first]]) == [second, first]


@given(segments)
def test_a_summary_does_not_depend_on_the_order_of_points(segment: list[Point]) -> None:
    expected = summarize(segment)
    shuffled = list(segment)
    random.Random(1).shuffle(shuffled)
    for other in (segment[::-1], shuffled, merge_segments([segment])):
        assert same(sorted(summarize(other).items()), sorted(expected.items()))


@given(segments)
def test_a_summary_is_what_a_plain_reading_of_the_rule_says(segment: list[Point]) -> None:
    for key, summary in summarize(segment).items():
        mine = [point for point in merge_segments([segment]) if point.key == key]
        real = [point.value for point in mine if not isnan(point.value)]
        assert summary.points == len(mine)
        assert (summary.step, summary.time) == max(point[:2] for point in mine)
        last = [p.value for p in mine if p[:2] == (summary.step, summary.time)]
        assert same(
            summary.last + 0.0, max(last, key=lambda v: (0.0 if v != v else v, v == v)) + 0.0
        )
        if real:
            assert (summary.min, summary.max) == (min(real), max(real))
        else:
            assert isnan(summary.min)
            assert isnan(summary.max)


@pytest.mark.parametrize(
    ("values", "last"), [([nan, -1.0], nan), ([nan, 1.0], 1.0), ([nan, 0.0], 0.0), ([nan], nan)]
)
def test_nan_counts_as_zero_among_values_of_one_moment(values: list[float], last: float) -> None:
    for order in permutations(values):
        found = summarize([Point(1, 1, "a", value) for value in order])["a"].last
        assert same(found, last)


def test_the_latest_value_is_of_the_highest_step_then_time_then_value() -> None:
    some = [Point(2, 1, "a", 9.0), Point(1, 9, "a", 10.0), Point(2, 1, "a", 8.0)]
    assert summarize(some) == {"a": MetricSummary(9.0, 2, 1, 8.0, 10.0, 3)}


def test_keys_of_many_rows_share_one_string() -> None:
    rows = decode_points(GOOD + b"2,2,a,3.0\n3,2,a,3.0\n")
    assert len({id(point.key) for point in rows}) == 1
