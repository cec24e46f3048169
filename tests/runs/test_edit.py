from __future__ import annotations

from collections.abc import Callable

import pytest

from mlgit.errors import InvalidState, InvalidValue, NotFound
from mlgit.records.run import Run, RunStatus
from mlgit.runs import begin, edit, experiments
from mlgit.runs.begin import RunRequest
from mlgit.store.store import Store
from tests.runs.helpers import commits, published


@pytest.fixture
def folder(store: Store) -> str:
    active = begin.start(store, "churn", RunRequest(name="one", tags={"team": "blue"}))
    active.log_metric("m", 1.0)
    active.finish()
    return active.folder


Change = Callable[[Store, str], Run]
CHANGES: dict[str, tuple[Change, Callable[[Run], object], object, str]] = {
    "tag": (lambda s, f: edit.set_tags(s, f, {"a": 1}), lambda r: r.tags["a"], "1", "tags.a"),
    "note": (lambda s, f: edit.set_note(s, f, "hi"), lambda r: r.note, "hi", "note"),
    "name": (lambda s, f: edit.rename(s, f, "two"), lambda r: r.name, "two", "name"),
    "name by tag": (
        lambda s, f: edit.set_tags(s, f, {"mlflow.runName": "two"}),
        lambda r: r.name,
        "two",
        "name",
    ),
    "delete": (edit.delete, lambda r: r.lifecycle, "deleted", "lifecycle"),
    "untag": (
        lambda s, f: edit.delete_tag(s, f, "team"),
        lambda r: r.tags.get("team"),
        None,
        "tags.team",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_one_stamped_commit(store: Store, folder: str, name: str) -> None:
    change, field, value, stamped = CHANGES[name]
    count, before = commits(store), store.snapshot().run(folder)
    answer = change(store, folder)
    run = store.snapshot().run(folder)
    assert answer == run
    assert field(run) == value
    assert commits(store) == count + 1
    assert run.edits[stamped].by == store.writer
    assert (run.metrics, run.start, run.status) == (before.metrics, before.start, before.status)


def test_a_change_that_changes_nothing_is_no_commit(store: Store, folder: str) -> None:
    count = commits(store)
    edit.set_tags(store, folder, {"team": "blue"})
    edit.rename(store, folder, "one")
    assert commits(store) == count


def test_a_deleted_run_comes_back_and_cannot_be_changed_meanwhile(
    store: Store, folder: str
) -> None:
    run = edit.delete(store, folder)
    assert run.deleted_at is not None
    for name in ("tag", "name", "note", "untag", "delete"):
        with pytest.raises(InvalidState, match="is deleted"):
            CHANGES[name][0](store, folder)
    run = edit.restore(store, folder)
    assert (run.lifecycle, run.deleted_at) == ("active", None)
    with pytest.raises(InvalidState, match="not deleted"):
        edit.restore(store, folder)


def test_a_moved_run_keeps_its_path(store: Store, folder: str) -> None:
    other = experiments.create(store, "other")
    run = edit.move(store, folder, other.id)
    assert run.experiment_id == other.id
    assert store.snapshot().run(folder).experiment_id == other.id
    with pytest.raises(NotFound):
        edit.move(store, folder, "12345")
    experiments.delete(store, other.id)
    with pytest.raises(InvalidState):
        edit.move(store, folder, other.id)


@pytest.mark.parametrize("status", [RunStatus.KILLED, RunStatus.RUNNING, RunStatus.SCHEDULED])
def test_the_status_can_be_set(store: Store, folder: str, status: RunStatus) -> None:
    run = edit.set_status(store, folder, status, 5)
    assert (run.status, run.end) == (status, 5 if status.terminal else None)


def test_what_cannot_be_is_refused(store: Store, folder: str) -> None:
    with pytest.raises(InvalidValue):
        edit.rename(store, folder, "")
    with pytest.raises(InvalidValue):
        edit.set_tags(store, folder, {"bad//key": "1"})
    with pytest.raises(NotFound):
        edit.delete_tag(store, folder, "missing")


def test_a_secret_in_a_tag_does_not_reach_the_branch(store: Store, folder: str) -> None:
    run = edit.set_tags(store, folder, {"api_key": "hunter2"})
    assert run.tags["api_key"] == "[redacted]"


def test_a_folder_is_found_by_the_whole_id(store: Store, folder: str) -> None:
    run = store.snapshot().run(folder)
    assert edit.folder_of(store, run.id) == folder
    assert published(store, run.id)[0] == folder
    for other in (run.id[:8], "0123456789abcdef"):
        with pytest.raises(NotFound):
            edit.folder_of(store, other)
