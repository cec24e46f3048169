"""Runs put on the branch: one readable commit each, edits made there kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import (
    InvalidValue,
    NotFound,
)
from mlgit.records.run import Edit, RunStatus
from mlgit.records.settings import Limits, Settings, dump_settings
from mlgit.store.publication import Publication
from mlgit.store.store import Store
from tests.store.records import CHURN, a_publication, a_run, folder_of, published
from tests.support.repos import git


def log(repo: Path, *args: str) -> str:
    return git(repo, "log", *args, "mlgit", check=True).stdout


def test_a_published_run_is_a_commit_that_plain_git_shows(repo: Path, store: Store) -> None:
    commit = store.publish(a_publication(artifacts={"plots/roc.txt": b"0 1"}))
    assert log(repo, "-1", "--format=%H %s").strip() == (
        f"{commit.decode()} run: brisk-otter-12 (churn) finished val_acc=0.93"
    )
    shown = git(repo, "show", f"mlgit:{folder_of(a_run())}/run.yaml").stdout
    assert 'experiment: "' in shown or "experiment: " in shown
    assert "name: brisk-otter-12\n" in shown
    assert git(repo, "show", f"mlgit:{folder_of(a_run())}/files/plots/roc.txt").stdout == "0 1"


def test_trailers_are_read_by_git(repo: Path, store: Store) -> None:
    store.publish(a_publication())
    found = log(repo, "-1", "--format=%(trailers:only,unfold)")
    assert found.split("\n")[:3] == [
        f"Mlgit-Run: {a_run().id}",
        "Mlgit-Experiment: churn",
        f"Mlgit-Code: {a_run().code.commit}+dirty",
    ]
    assert "\n\n[skip ci]\n\n" in log(repo, "-1", "--format=%B")


def test_only_run_commits_skip_ci(repo: Path, store: Store) -> None:
    folder = published(store)
    store.edit_run(folder, lambda run: run.with_tag("a", "b"), "tag: a=b on brisk-otter-12")
    with store.change("settings: limits") as change:
        change.put("mlgit.yaml", dump_settings(Settings(limits=Limits(patch=5))))
    bodies = log(repo, "--format=%B%x00").split("\0")
    assert ["[skip ci]" in body for body in bodies[:4]] == [False, False, True, False]


def test_hostile_names_cannot_forge_a_message_or_a_terminal(repo: Path, store: Store) -> None:
    name = "x\x1b[2J\n\nMlgit-Run: forged\u202e" + "y" * 200
    store.publish(a_publication(a_run(name=name)))
    body = log(repo, "-1", "--format=%B")
    assert not set(body) & {"\x1b", "\u202e"}
    assert "Mlgit-Run: forged" not in body.splitlines()
    assert log(repo, "-1", "--format=%(trailers:key=Mlgit-Run,valueonly)").split() == [a_run().id]
    assert len(body.splitlines()[0]) < 200


def test_a_checkpoint_and_a_run_without_metrics_have_their_own_words(
    repo: Path, store: Store
) -> None:
    store.publish(a_publication(a_run(status=RunStatus.RUNNING)))
    store.publish(a_publication(a_run("9f3c000000000002", status=RunStatus.KILLED, metrics={})))
    assert log(repo, "-2", "--format=%s").splitlines() == [
        "run: brisk-otter-12 (churn) killed",
        "run: brisk-otter-12 (churn) checkpoint val_acc=0.93",
    ]


def test_publishing_the_same_again_makes_no_commit(repo: Path, store: Store) -> None:
    first = store.publish(a_publication())
    assert store.publish(a_publication()) == first
    assert log(repo, "--format=%s", "--grep=^run:").count("\n") == 1


def test_a_run_published_again_keeps_what_people_edited_meanwhile(store: Store) -> None:
    running = a_run(status=RunStatus.RUNNING, tags={"team": "a", "draft": "yes"})
    folder = published(store, running)
    by = Edit(5, "w2")
    store.edit_run(
        folder, lambda run: run.with_tag("team", "b", by).without_tag("draft", by), "tag: team=b"
    )
    store.edit_run(folder, lambda run: run.with_tag("mlflow.note.content", "good", by), "note")
    finished = a_run(tags={"team": "a", "draft": "yes", "late": "x"}, note="mine")
    published(store, finished)
    found = store.snapshot().run(folder)
    assert found.status is RunStatus.FINISHED
    assert found.tags == {"team": "b", "late": "x"}
    assert found.note == "good"
    assert found.edits["tags.team"] == by


def test_a_newer_edit_of_ours_beats_the_one_on_the_branch(store: Store) -> None:
    folder = published(store)
    store.edit_run(folder, lambda run: run.with_tag("a", "there", Edit(5, "w2")), "tag")
    published(store, a_run().with_tag("a", "ours", Edit(6, "w1")))
    assert store.snapshot().run(folder).tags == {"a": "ours"}


def test_replaced_artifacts_leave_the_branch(store: Store) -> None:
    store.publish(a_publication(artifacts={"A.txt": b"1", "a.txt": b"2", "keep": b"3"}))
    folder = folder_of(a_run())
    hashed = [name for name in store.snapshot().names(f"{folder}/files") if name[0] == "~"]
    assert len(hashed) == 1
    store.publish(a_publication(artifacts={"A.txt": b"1", "a.txt": b"9", "keep": b"3"}))
    now = store.snapshot().names(f"{folder}/files")
    assert hashed[0] not in now
    assert len(now) == 3


def test_a_damaged_record_on_the_branch_is_replaced_by_a_whole_one(store: Store) -> None:
    folder = published(store)
    with store.change("damage") as change:
        change.put(f"{folder}/run.yaml", b"\x00")
    published(store)
    assert store.snapshot().run(folder) == a_run()


def test_the_experiment_of_a_publication_can_be_looked_up(store: Store) -> None:
    with pytest.raises(NotFound, match=CHURN.id):
        store.publish(a_publication(experiment=None))
    published(store)
    other = a_run("9f3c000000000002")
    store.publish(Publication(other))
    assert store.snapshot().run(folder_of(other)) == other


def test_a_moved_run_is_published_where_it_lies(store: Store) -> None:
    folder = published(store)
    moved = a_run(experiment_id="0")
    default = CHURN.__class__("0", "Default", "default~00000000", 1, 1)
    store.publish(Publication(moved, default, folder=folder))
    assert list(store.snapshot().run_folders()) == [folder]
    assert store.snapshot().run(folder).experiment_id == "0"


def test_a_publication_does_not_replace_a_renamed_experiment(store: Store) -> None:
    published(store)
    renamed = CHURN.with_tag("a", "b")
    from mlgit.records.experiment import dump_experiment

    with store.change("experiment: tag") as change:
        change.put("runs/churn/experiment.yaml", dump_experiment(renamed))
    published(store, a_run("9f3c000000000002"))
    assert store.snapshot().experiment_by_id(CHURN.id) == renamed


def test_the_hard_limit_of_a_run_is_enforced_and_nothing_is_written(store: Store) -> None:
    before = store.snapshot().commit
    with pytest.raises(InvalidValue, match="limit"):
        store.publish(a_publication(a_run(note="x" * (16 << 20))))
    assert store.snapshot().commit == before


def test_keys_of_a_newer_version_survive_a_second_publication(store: Store) -> None:
    folder = published(store)
    with store.change("newer") as change:
        data = change.snapshot.read(f"{folder}/run.yaml") or b""
        change.put(f"{folder}/run.yaml", data + b"carbon: 12\n")
    published(store, a_run(note="again"))
    assert store.snapshot().run(folder).extra == {"carbon": 12}
    assert store.snapshot().run(folder).note == "again"
