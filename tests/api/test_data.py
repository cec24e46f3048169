"""Datasets: the digest follows the content, schema and profile say what MLflow's pages read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mlgit.data import from_numpy, from_pandas


def frame(rows: int = 3) -> pd.DataFrame:
    made: pd.DataFrame = pd.DataFrame({"x": np.arange(rows, dtype=np.int64), "name": ["a"] * rows})
    return made


def test_a_frame_is_described_by_its_columns_and_size() -> None:
    dataset = from_pandas(frame(), source="data/train.csv", name="train")
    assert dataset.name == "train"
    assert json.loads(dataset.schema)["mlflow_colspec"] == [
        {"type": "long", "name": "x", "required": True},
        {"type": "string", "name": "name", "required": True},
    ]
    assert json.loads(dataset.profile) == {"num_rows": 3, "num_elements": 6}
    assert (dataset.source_type, json.loads(dataset.source)) == ("local", {"uri": "data/train.csv"})


@pytest.mark.parametrize(
    ("values", "kind", "required"),
    [
        ([1.5, None], "double", False),
        ([True, False], "boolean", True),
        (np.array([1, 2], dtype=np.int16), "integer", True),
        (np.array([1, 2], dtype=np.float32), "float", True),
        (np.array(["2026-01-01", "NaT"], dtype="M8[ns]"), "datetime", False),
        ([b"a", b"b"], "binary", True),
        ([1, "a"], "any", True),
        (pd.Categorical(["a", "b"]), "string", True),
    ],
)
def test_a_columns_type_is_mlflows(values: object, kind: str, required: bool) -> None:
    schema = json.loads(from_pandas(pd.DataFrame({"c": values})).schema)
    assert schema["mlflow_colspec"] == [{"type": kind, "name": "c", "required": required}]


def test_the_digest_of_a_frame_is_of_its_content_not_of_its_index() -> None:
    assert from_pandas(frame()).digest == from_pandas(frame().set_index(np.array([7, 8, 9]))).digest


@pytest.mark.parametrize(
    "changed",
    [
        frame(4),
        frame().rename(columns={"x": "y"}),
        frame().assign(name=["a", "a", "b"]),
        frame().astype({"x": "int32"}),
        frame().iloc[::-1],
    ],
)
def test_the_digest_of_a_frame_changes_with_any_content(changed: pd.DataFrame) -> None:
    assert from_pandas(frame()).digest != from_pandas(changed).digest


def test_the_last_of_many_rows_counts() -> None:
    one, other = frame(50_000), frame(50_000)
    other.loc[49_999, "x"] = -1
    assert from_pandas(one).digest != from_pandas(other).digest


def test_columns_of_one_name_and_of_lists_are_accepted() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert len(json.loads(from_pandas(twice).schema)["mlflow_colspec"]) == 2
    lists = [from_pandas(pd.DataFrame({"a": [[1], [last]]})).digest for last in (2, 3)]
    assert lists[0] != lists[1]


def test_arrays_are_described_by_type_and_shape() -> None:
    dataset = from_numpy(np.zeros((5, 2)), targets=np.zeros(5, dtype=np.int64))
    spec = json.loads(dataset.schema)["mlflow_tensorspec"]
    assert json.loads(spec["features"]) == [
        {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}
    ]
    assert json.loads(spec["targets"])[0]["tensor-spec"] == {"dtype": "int64", "shape": [-1]}
    assert json.loads(dataset.profile)["features_shape"] == [5, 2]


def test_named_arrays_keep_their_names() -> None:
    dataset = from_numpy({"left": np.zeros((2, 1)), "right": np.zeros(2)})
    spec = json.loads(json.loads(dataset.schema)["mlflow_tensorspec"]["features"])
    assert [part["name"] for part in spec] == ["left", "right"]
    assert json.loads(dataset.profile)["features_size"] == {"left": 2, "right": 2}


@pytest.mark.parametrize(
    "changed", [np.ones((2, 2)), np.zeros((4, 1)), np.zeros((2, 2), dtype=np.float32)]
)
def test_the_digest_of_arrays_follows_values_shape_and_type(changed: np.ndarray) -> None:
    assert from_numpy(np.zeros((2, 2))).digest != from_numpy(changed).digest


def test_an_array_of_objects_has_a_digest_of_its_values() -> None:
    one, same = (np.array(["a" + str(number) for number in (1, 2)], dtype=object) for _ in "ab")
    assert from_numpy(one).digest == from_numpy(same).digest


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        ("https://example.org/a.csv", "http", {"url": "https://example.org/a.csv"}),
        ("s3://bucket/a.csv", "s3", {"uri": "s3://bucket/a.csv"}),
        ("file:///data/a.csv", "local", {"uri": "file:///data/a.csv"}),
    ],
)
def test_the_source_says_where_the_data_is(source: str, kind: str, said: dict[str, str]) -> None:
    dataset = from_pandas(frame(), source=source)
    assert (dataset.source_type, json.loads(dataset.source)) == (kind, said)


def test_without_a_source_the_program_is_named() -> None:
    dataset = from_pandas(frame())
    assert dataset.source_type == "code"
    assert "mlflow.source.name" in json.loads(dataset.source)["tags"]
