"""Two versions beside each other, read from a real store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mlgit
from mlgit.errors import NotFound
from mlgit.records.model_version import ModelVersion
from mlgit.registry import versions
from mlgit.registry.compare import Comparison, Row, compare
from mlgit.registry.sight import sight
from mlgit.registry.source import request_of
from mlgit.store.store import Store

DATA = {"inputs": json.dumps([{"name": "age", "type": "double"}])}


def version(
    store: Store, auc: float, depth: int, *, model: str = "weights", signature: str = ""
) -> ModelVersion:
    with mlgit.start_run(run_name=f"depth-{depth}") as run:
        mlgit.log_metrics({"val/auc": auc, "loss": 0.5})
        mlgit.log_params({"depth": depth, "lr": 0.1})
        mlgit.log_text(model, "model.txt")
        mlgit.log_text("same", "notes.txt")
    request = request_of(sight(store), f"runs:/{run.info.run_id}")
    tags = {"validated": "yes"} if depth > 4 else {}
    return versions.register(store, "churn", request._replace(signature=signature, tags=tags))


def compared(store: Store, before: ModelVersion | None, after: ModelVersion) -> Comparison:
    return compare(sight(store).data, "churn", before.uid if before else "", after.uid)


def test_what_differs_and_what_does_not(store: Store) -> None:
    old = version(store, 0.912, 4, signature=json.dumps(DATA))
    columns = [{"name": "age", "type": "long"}, {"name": "plan", "type": "string"}]
    new = version(store, 0.924, 8, model="more", signature=json.dumps({"inputs": columns}))
    found = compared(store, old, new)
    assert (found.before, found.after, found.run) == (old, new, "depth-8")
    assert (found.files, found.size) == (2, 8)
    assert found.changed("metrics") == [Row("metrics", "val/auc", 0.912, 0.924)]
    assert found.changed("params") == [Row("params", "depth", "4", "8")]
    assert found.changed("tags") == [Row("tags", "validated", None, "yes")]
    assert [row.key for row in found.changed("artifacts")] == ["model.txt"]
    assert found.changed("signature") == [
        Row("signature", "inputs.age", "double", "long"),
        Row("signature", "inputs.plan", None, "string"),
    ]
    assert found.changed("code") == []
    assert found.section("code")[0].key == "commit"


def test_where_nothing_is_in_place_everything_is_new(store: Store) -> None:
    found = compared(store, None, version(store, 0.9, 4))
    assert found.before is None
    assert {row.before for row in found.rows} == {None}


def test_a_version_without_a_run_can_be_compared(store: Store) -> None:
    old = versions.register(store, "churn", versions.Request(source="s3://bucket/model"))
    found = compared(store, old, version(store, 0.9, 4))
    assert Row("metrics", "val/auc", None, 0.9) in found.rows


def test_a_signature_that_is_none_is_shown_as_it_is(store: Store) -> None:
    for text in ("{", "[1]", '{"inputs": 3}', '{"inputs": [1]}', "[" * 100_000):
        made = versions.register(store, "churn", versions.Request(signature=text))
        assert compared(store, None, made).section("signature") == [
            Row("signature", "text", None, text)
        ]


def test_a_version_that_is_not_there_is_said(store: Store) -> None:
    made = version(store, 0.9, 4)
    for before, after in (("f" * 16, made.uid), (made.uid, "f" * 16), (made.uid, "")):
        with pytest.raises(NotFound):
            compare(sight(store).data, "churn", before, after)


@pytest.mark.parametrize(
    ("before", "after", "delta"),
    [
        (0.912, 0.924, "+0.012 (+1.3%)"),
        (-2.0, -3.0, "-1 (-50.0%)"),
        (0.0, 0.5, "+0.5"),
        (0.5, 0.5, ""),
        (float("nan"), 0.5, ""),
        (float("inf"), 0.5, ""),
        (None, 0.5, ""),
        ("a", "b", ""),
    ],
)
def test_how_far_a_metric_moved(
    before: float | str | None, after: float | str | None, delta: str
) -> None:
    assert Row("metrics", "m", before, after).delta == delta


def test_a_run_that_cannot_be_read_counts_as_not_there(store: Store, repo: Path) -> None:  # noqa: ARG001
    made = version(store, 0.9, 4)
    folder = store.snapshot().folder_of(made.run)
    with store.change("by hand") as change:
        change.put(f"{folder}/run.yaml", b"{")
        change.put(f"{folder}/artifacts.yaml", b"{")
    found = compared(store, None, made)
    assert found.section("metrics") == []
    assert found.files == 0
