"""Logged models that are made step by step: nothing on the branch until they are finished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlgit.errors import InvalidValue, NotFound
from mlgit.records.logged_model import LoggedModel
from mlgit.runs import experiments, staged_models
from mlgit.runs.logged_models import ModelRequest, edit_model, find_model, new_model, read_model
from mlgit.store.store import Store


@pytest.fixture
def model_id(store: Store) -> str:
    experiment = experiments.get_or_create(store, "churn")
    made = new_model(experiment, ModelRequest(name="trees", params={"depth": 3}), "PENDING")
    return staged_models.begin(store, made).id


def finished(store: Store, model_id: str, status: str = "READY") -> None:
    experiment = experiments.get_or_create(store, "churn")
    staged_models.finish(store, model_id, experiment, status)


def test_a_model_is_one_commit_when_it_is_finished(
    store: Store, model_id: str, tmp_path: Path
) -> None:
    tip = store.snapshot().commit
    (tmp_path / "saved" / "data").mkdir(parents=True)
    (tmp_path / "saved" / "MLmodel").write_text("flavors: {}\n")
    (tmp_path / "saved" / "data" / "weights").write_bytes(b"\0" * 10)
    staged_models.add(store, model_id, tmp_path / "saved", "")
    staged_models.add(store, model_id, tmp_path / "saved" / "MLmodel", "notes/copy.txt")
    assert store.snapshot().commit == tip
    assert [one.id for one in staged_models.every_staged(store)] == [model_id]
    finished(store, model_id)
    snapshot = store.snapshot()
    folder = find_model(snapshot, model_id)
    assert [one.path for one in snapshot.manifest(folder)] == [
        *("MLmodel", "data/weights", "notes/copy.txt")
    ]
    assert read_model(snapshot, folder).status == "READY"
    assert staged_models.every_staged(store) == []
    assert store.repository.objects.commit(snapshot.commit).parents == (tip,)


def test_a_model_may_fail_and_hold_nothing(store: Store, model_id: str) -> None:
    finished(store, model_id, "FAILED")
    snapshot = store.snapshot()
    assert read_model(snapshot, find_model(snapshot, model_id)).status == "FAILED"
    with pytest.raises(NotFound):
        finished(store, model_id)


@pytest.mark.parametrize("path", ["../out", "/abs", "a/../../b", ".git/x"])
def test_no_file_leaves_the_model(store: Store, model_id: str, tmp_path: Path, path: str) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(InvalidValue, match="not a path"):
        staged_models.add(store, model_id, tmp_path / "f", path)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "m-none"])
def test_what_is_no_model_is_none(store: Store, name: str) -> None:
    assert staged_models.staged(store, name) is None


def test_the_record_changes_before_and_after(store: Store, model_id: str) -> None:
    def named(one: LoggedModel) -> LoggedModel:
        return replace(one, tags={"team": "risk"})

    assert staged_models.change(store, model_id, named).tags == {"team": "risk"}
    finished(store, model_id)
    tip = store.snapshot().commit
    changed = edit_model(store, model_id, "tag", lambda one, _: named(one))
    assert changed.tags == {"team": "risk"}
    assert store.snapshot().commit == tip  # nothing was new
    edit_model(store, model_id, "tag", lambda one, _: replace(one, tags={}))
    snapshot = store.snapshot()
    assert read_model(snapshot, find_model(snapshot, model_id)).tags == {}
