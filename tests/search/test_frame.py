"""Runs as a data frame, and the column file behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.search import frame
from mlgit.search.column_file import read_file, write_columns
from mlgit.search.columns import Columns, Numbers, Texts
from mlgit.search.frame import runs_frame
from mlgit.search.index import Index
from mlgit.search.order import parse_order
from mlgit.search.query import parse
from mlgit.search.question import Question
from mlgit.store.store import Store
from tests.search.records import T0, a_run, publish

HEAD = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
RUNS = [
    a_run(1, {"acc": 0.5, "b": nan}, params={"lr": "0.1"}, tags={"team": "x"}, user="ada"),
    a_run(2, {"acc": 0.7}, params={"depth": "3"}, end=None),
    a_run(3, {"b": 1.0}, end=None),
]


@pytest.fixture(params=["few", "many"])
def filled(
    store: Store, index: Index, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Index:
    if request.param == "many":
        monkeypatch.setattr(frame, "_FEW", -1)
    publish(store, *RUNS)
    return index


def test_a_row_a_run_with_mlflows_columns(filled: Index) -> None:
    found = runs_frame(filled)
    tags = ["tags.mlflow.runName", "tags.mlflow.user", "tags.team"]
    assert list(found) == [*HEAD, "metrics.acc", "metrics.b", "params.depth", "params.lr", *tags]
    assert list(found["run_id"]) == [run.id for run in RUNS[::-1]]
    assert list(found["artifact_uri"]) == [f"runs:/{run.id}" for run in RUNS[::-1]]
    assert str(found["start_time"].dtype) == "datetime64[ms, UTC]"
    assert found["start_time"].iloc[0] == pd.Timestamp(T0 + 3000, unit="ms", tz="UTC")
    assert list(found["end_time"].isna()) == [True, True, False]
    assert found["metrics.acc"].dtype == np.float64
    assert [one if one == one else None for one in found["metrics.acc"]] == [None, 0.7, 0.5]
    assert list(found["params.lr"]) == [None, None, "0.1"]
    assert list(found["tags.mlflow.runName"]) == ["run-3", "run-2", "run-1"]


def test_only_columns_that_a_found_run_has(filled: Index) -> None:
    one = Question(parse("name = 'run-2'"))
    tags = ["tags.mlflow.runName"]
    assert list(runs_frame(filled, one)) == [*HEAD, "metrics.acc", "params.depth", *tags]
    assert "metrics.b" in runs_frame(filled, Question(parse("user = 'ada'")))


def test_no_run_gives_the_head_alone(filled: Index) -> None:
    found = runs_frame(filled, Question(parse("name = 'nosuch'")))
    assert found.empty
    assert list(found) == HEAD
    assert list(runs_frame(filled, offset=7)) == HEAD


def test_order_page_and_live_runs_are_those_of_the_index(filled: Index) -> None:
    live = [a_run(9, {"acc": 0.6, "new": 1.0}, name="live", user="eve"), a_run(1, name="again")]
    question = Question(order=parse_order(["metrics.acc DESC"]))
    for limit, offset in ((None, 0), (2, 0), (2, 1), (1, 3), (5, 3)):
        expected = filled.search(question, limit=limit, offset=offset, live=live)
        found = runs_frame(filled, question, limit=limit, offset=offset, live=live)
        assert list(found["run_id"]) == [run.id for run in expected]
        assert list(found["tags.mlflow.runName"]) == [run.name for run in expected]


def test_the_column_file_follows_the_index(store: Store, filled: Index) -> None:
    runs_frame(filled)
    publish(store, a_run(4, {"acc": 0.9}))
    assert runs_frame(filled)["tags.mlflow.runName"].iloc[0] == "run-4"
    filled.path.unlink()
    assert len(runs_frame(filled)) == 4


def test_nothing_is_left_beside_it(store: Store, filled: Index) -> None:
    (store.cache / "index.columns.0123456789abcdef").write_text("of a process that was killed")
    for number in range(4, 7):
        publish(store, a_run(number))
        runs_frame(filled)
    kept = {path.name for path in store.cache.glob("index*")}
    bulk = frame._FEW < 0
    assert kept == ({"index.db", "index.columns"} if bulk else kept)


def test_without_a_cache_there_is_no_file(store: Store, filled: Index) -> None:
    for path in store.cache.iterdir():
        path.unlink()
    store.cache.rmdir()
    store.cache.write_text("no folder")
    assert len(runs_frame(filled)) == 3
    store.cache.unlink()


# -- the file is trusted in nothing


def sample(path: Path) -> Columns:
    columns = Columns(
        np.array([1, 5, 9]),
        {
            "metrics.acc": Numbers(np.array([0.5, nan, 1.0]), np.array([True, False, True])),
            "params.ключ": Texts(np.array([0, -1, 1], dtype=np.int32), ["a\n", "é"]),
        },
    )
    write_columns(path, "token", columns)
    return columns


def same(one: Columns, other: Columns) -> bool:
    return repr(one) == repr(other)


def test_columns_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "columns"
    columns = sample(path)
    found = read_file(path, "token")
    assert found is not None
    assert same(found, columns)
    assert read_file(path, "another") is None
    assert read_file(tmp_path / "missing", "token") is None
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["columns"]


@given(st.data())
def test_a_damaged_file_is_left_alone_or_read_in_bounds(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "columns"
    sample(path)
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 4))
    path.write_bytes(content[:at] + data.draw(st.binary(max_size=4)) + content[at + cut :])
    found = read_file(path, "token")
    if found is not None:
        again = found.taken([int(rid) for rid in found.rids])
        texts = [one for one in again.columns.values() if isinstance(one, Texts)]
        assert all(max(one.codes, default=-1) < len(one.names) for one in texts)


def header(**changes: object) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        head, _, body = content.partition(b"\n")
        return json.dumps({**json.loads(head), **changes}).encode() + b"\n" + body

    return change


@pytest.mark.parametrize(
    "change",
    [
        header(rows=2),
        header(rows=-1),
        header(rows=10**18),
        header(format=2),
        header(sizes=[]),
        header(sizes=[-8, 8]),
        header(columns=[]),
        header(columns=[["a", "numbers"]] * 9),
        header(columns=[["a", "objects"]]),
        lambda content: content[:-3],
        lambda content: content + b"x",
        lambda content: content.replace(b'"\\u00e9"', b"[[[[[[[["),
        lambda _: b"[" * 100_000,
        lambda _: b"",
        lambda _: b"{}\n",
    ],
)
def test_a_planted_file_is_left_alone(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "columns"
    sample(path)
    path.write_bytes(change(path.read_bytes()))
    assert read_file(path, "token") is None
