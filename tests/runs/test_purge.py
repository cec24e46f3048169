"""Runs deleted for good: what stays, what refuses it, and the way back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlgit import times
from mlgit.errors import AlreadyExists, InvalidState, NotFound, Unsupported
from mlgit.records import layout, text
from mlgit.records.run import Run
from mlgit.runs import begin, edit, purge
from mlgit.runs.begin import RunRequest
from mlgit.store.check.check import check
from mlgit.store.past import refuse_purged
from mlgit.store.store import Store
from tests.runs.helpers import commits
from tests.support.repos import git


def record(store: Store, run_id: str = "") -> str:
    """The folder of a new run with a parameter, points and an artifact."""
    active = begin.start(store, "churn", RunRequest(id=run_id, tags={"team": "blue"}))
    active.log_params({"lr": 0.1})
    active.log_metric("acc", 0.9)
    active.add_bytes(b"weights", "model/weights.txt")
    active.finish()
    return active.folder


def files(store: Store, folder: str) -> dict[str, bytes]:
    assert store.home.work_tree is not None
    listed = git(store.home.work_tree, "ls-tree", "-r", "--name-only", "mlgit", f"{folder}/").stdout
    return {
        path.removeprefix(f"{folder}/"): store.snapshot().read(path) or b""
        for path in listed.splitlines()
    }


def deleted(store: Store) -> str:
    folder = record(store)
    edit.delete(store, folder)
    return folder


def test_a_purged_run_leaves_a_stub_and_emptied_files(store: Store) -> None:
    folder = deleted(store)
    before, count, before_it = files(store, folder), commits(store), store.snapshot().commit
    run = purge.purge(store, folder)
    after = files(store, folder)
    assert commits(store) == count + 1
    assert after.keys() == {*before, layout.INPUTS} - {layout.METRICS}
    doc = text.load(after.pop(layout.RUN))
    assert (doc["id"], doc["purged"]["by"]) == (run.id, store.writer)
    assert set(after.values()) == {b""}
    assert check(store.snapshot(), since=before_it) == []
    with pytest.raises(NotFound, match=f"{run.id} was purged on") as refused:
        store.snapshot().run(folder)
    assert refused.value.hint == f"mlgit restore {run.id}"
    assert check(store.snapshot(), deep=True) == []


def test_only_a_deleted_run_is_purged_unless_forced(store: Store) -> None:
    folder, count = record(store), commits(store)
    with pytest.raises(InvalidState, match="not deleted") as refused:
        purge.purge(store, folder)
    assert refused.value.hint.startswith("mlgit rm ")
    assert commits(store) == count
    purge.purge(store, folder, force=True)
    with pytest.raises(NotFound, match="was purged"):
        purge.purge(store, folder, force=True)


def test_the_purge_is_later_than_all_that_it_has_seen(store: Store) -> None:
    folder = record(store)
    ahead = times.now_ms() + 3_600_000
    with times.pinned(times.Sources(clock=lambda: ahead, entropy=os.urandom)):
        edit.set_tags(store, folder, {"seen": "yes"})
    purge.purge(store, folder, force=True)
    doc = text.load(files(store, folder)[layout.RUN])
    assert doc["purged"]["at"] == times.iso(ahead)


def register(store: Store, made: Run, **more: object) -> None:
    """A version of the model `risk` from a run, under the alias `production`."""
    base = "registry/models/risk"
    version = {"format": 1, "uid": "b3c94f0e6d2a1875", "status": "READY"}
    alias = {"format": 1, "alias": "production", "version": 3, "uid": "b3c94f0e6d2a1875"}
    now = times.iso(made.start)
    with store.change("register") as change:
        version.update(created=now, **more)
        change.put(f"{base}/model.yaml", text.dump({"format": 1, "name": "risk", "created": now}))
        change.put(f"{base}/versions/3.yaml", text.dump(version))
        alias.update(at=now, by=store.writer)
        change.put(f"{base}/aliases/production.yaml", text.dump(alias))


@pytest.mark.parametrize("by", ["run", "source"])
def test_a_run_of_a_registered_version_is_not_purged(store: Store, by: str) -> None:
    folder = deleted(store)
    run = store.snapshot().run(folder)
    register(store, run, **{by: run.id if by == "run" else f"runs:/{run.id}/model"})
    with pytest.raises(InvalidState, match=r"version 3 of risk \(production\)"):
        purge.purge(store, folder, force=True)
    register(store, run, run=run.id, status="DELETED")
    purge.purge(store, folder)


def test_a_run_that_a_logged_model_came_from_is_not_purged(store: Store) -> None:
    folder = deleted(store)
    run = store.snapshot().run(folder)
    model_id = "m-" + "0" * 32
    doc = {"format": 1, "id": model_id, "name": "trees", "experiment": run.experiment_id}
    doc.update(status="READY", created=times.iso(run.start), source_run=run.id)
    path = f"{layout.model_folder('churn', run.start, model_id)}/{layout.LOGGED_MODEL}"
    with store.change("log a model") as change:
        change.put(path, text.dump(doc))
    with pytest.raises(InvalidState, match=f"logged model trees \\({model_id}\\)"):
        purge.purge(store, folder)


def test_a_purged_run_comes_back_from_history(store: Store) -> None:
    folder = deleted(store)
    before = files(store, folder)
    run = purge.purge(store, folder)
    record(store)
    purge.restore(store, folder)
    again, after = store.snapshot().run(folder), files(store, folder)
    assert again.lifecycle == "active"
    assert (again.params, again.tags, again.metrics) == (run.params, run.tags, run.metrics)
    assert {**after, layout.RUN: b""} == {**before, layout.RUN: b""}
    assert check(store.snapshot(), deep=True) == []
    with pytest.raises(InvalidState, match="was not purged"):
        purge.restore(store, folder)


def test_a_run_purged_twice_comes_back_as_it_was_last(store: Store) -> None:
    folder = record(store)
    purge.purge(store, folder, force=True)
    purge.restore(store, folder)
    edit.set_tags(store, folder, {"second": "life"})
    purge.purge(store, folder, force=True)
    assert purge.restore(store, folder).tags == {"team": "blue", "second": "life"}


def test_a_shallow_clone_says_that_it_lacks_the_past(store: Store, tmp_path: Path) -> None:
    folder = deleted(store)
    purge.purge(store, folder)
    assert store.home.work_tree is not None
    url, path = f"file://{store.home.work_tree}", tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", url, str(path), check=True)
    with Store.open(path) as shallow, pytest.raises(Unsupported) as refused:
        purge.restore(shallow, folder)
    assert refused.value.hint == "git fetch --unshallow"


def test_a_history_that_begins_with_the_stub_has_nothing_to_restore(store: Store) -> None:
    folder = deleted(store)
    purge.purge(store, folder)
    path = store.home.work_tree
    assert path is not None
    made = git(path, "commit-tree", "-m", "anew", "mlgit^{tree}", check=True).stdout.strip()
    git(path, "update-ref", "refs/heads/mlgit", made, check=True)
    with Store.open(path) as anew, pytest.raises(NotFound, match="does not reach back"):
        purge.restore(anew, folder)


@pytest.mark.parametrize("run_id", ["", "Imported_RUN-77"])
def test_a_purged_run_is_known_by_its_id_which_is_never_free(store: Store, run_id: str) -> None:
    folder = record(store, run_id)
    run = purge.purge(store, folder, force=True)
    for reference in {run.id, run_id or run.id[:8]}:
        with pytest.raises(NotFound, match=f"{run.id} was purged"):
            refuse_purged(store.snapshot(), reference)
    refuse_purged(store.snapshot(), "nobody")
    with pytest.raises(AlreadyExists, match="was purged"):
        begin.start(store, "other", RunRequest(id=run.id))
    with pytest.raises(NotFound, match="was purged"):
        begin.resume(store, run.id)


def test_a_run_that_is_logged_to_is_not_purged(store: Store) -> None:
    active = begin.start(store, "churn")
    active.log_metric("acc", 0.9)
    active.checkpoint()
    with pytest.raises(InvalidState, match="still being logged to"):
        purge.purge(store, active.folder, force=True)
    active.finish()
    purge.purge(store, active.folder, force=True)


def test_what_is_left_in_a_purged_run_is_named(store: Store) -> None:
    folder = deleted(store)
    purge.purge(store, folder)
    with store.change("put something back") as change:
        change.put(f"{folder}/metrics.csv", b"step,timestamp,key,value\n")
        change.put(f"{folder}/files/model/more.txt", b"more")
    found = check(store.snapshot())
    assert [(one.path.removeprefix(f"{folder}/"), one.code) for one in found] == [
        ("files/model/more.txt", "purge-left"),
        ("metrics.csv", "purge-left"),
    ]


@pytest.mark.parametrize("state", ["deleted", "purged"])
def test_a_version_whose_run_is_gone_is_named(store: Store, state: str) -> None:
    folder = record(store)
    run, before = store.snapshot().run(folder), store.snapshot().commit
    edit.delete(store, folder)
    if state == "purged":
        purge.purge(store, folder)
    register(store, run, run=run.id)  # in another clone, that had not heard of it
    for since in (None, before):
        found = [one for one in check(store.snapshot(), since=since) if one.code == "run-deleted"]
        assert [one.hint for one in found] == [f"mlgit restore {run.id}"]
        assert state in found[0].message
    (purge.restore if state == "purged" else edit.restore)(store, folder)
    assert check(store.snapshot()) == []
    assert [one.code for one in check(store.snapshot(), since=before)] == []
