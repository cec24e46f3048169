"""Tables as artifacts come back as they were."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from mlgit import tables
from mlgit.errors import InvalidValue


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ({"a": [1, 2], "b": ["x", "y"]}, 2),
        ({"a": 1, "b": "x"}, 1),
        (pd.DataFrame({"a": [1.5]}), 1),
        ({"question": "why", "tags": {"x": 1}}, 1),
    ],
)
def test_columns_single_values_and_frames_are_tables(data: Any, rows: int) -> None:
    assert len(tables.to_frame(data)) == rows


def test_json_keeps_text_that_looks_like_a_number_or_a_date() -> None:
    frame = tables.to_frame({"id": ["007", "1e5"], "date": ["2026-01-01", "x"], "n": [1.5, None]})
    again = tables.load_table_bytes(tables.dump_table(frame, "t.json"), "t.json")
    pd.testing.assert_frame_equal(again, frame)


def test_json_is_in_pandas_split_form() -> None:
    data = tables.dump_table(tables.to_frame({"a": [1, 2]}), "t.json")
    assert json.loads(data) == {"columns": ["a"], "data": [[1], [2]]}


@pytest.mark.parametrize("data", [[1, 2], "text", {"a": [1, 2], "b": [1]}])
def test_what_is_no_table_is_refused(data: Any) -> None:
    with pytest.raises(InvalidValue):
        tables.to_frame(data)


@pytest.mark.parametrize("data", [b"[]", b"{}", b"not json", b'{"columns": 1, "data": 2}'])
def test_a_file_without_a_table_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue, match="no table"):
        tables.load_table_bytes(data, "t.json")


def test_only_json_and_parquet_names_are_accepted() -> None:
    with pytest.raises(InvalidValue, match=r"t\.csv"):
        tables.dump_table(pd.DataFrame(), "t.csv")


def test_the_tag_lists_each_table_once() -> None:
    tag = tables.with_table(tables.with_table("", "a.json"), "b.json")
    assert tables.with_table(tag, "a.json") == tag
    assert [entry["path"] for entry in json.loads(tag)] == ["a.json", "b.json"]
