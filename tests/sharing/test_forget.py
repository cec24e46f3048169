"""What was forgotten is gone from the store, from its history, and from what stands beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlgit.errors import InvalidState, InvalidValue, NotFound, Unsupported
from mlgit.runs import begin, edit
from mlgit.sharing.forget import Wanted, forget, plan
from mlgit.sharing.holders import holders
from mlgit.store.lineage import epoch_at
from tests.sharing.forgetting import (
    SECRET,
    Clone,
    assert_one_and_clean,
    folder_of,
    ids,
    is_anywhere,
    record,
    share,
    top,
)
from tests.support.repos import git


def test_parts_of_a_run_go_and_the_rest_stays(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    run = begin.start(ours, "churn")
    run.add_bytes(SECRET.encode(), "small.txt")
    run.add_bytes(os.urandom(200_000) + SECRET.encode(), "large.bin")
    run.log_params({"lr": "0.1"})
    run.set_tags({"pass": SECRET, "team": "blue"})
    run.finish()
    share(ours)
    folder = folder_of(ours, run.id)
    forget(ours, Wanted((folder,), artifacts=("small.txt", "large.bin"), tags=("pass",)))
    left = ours.snapshot().run(folder)
    assert (dict(left.params), dict(left.tags)) == ({"lr": "0.1"}, {"team": "blue"})
    assert ours.snapshot().manifest(folder) == []
    assert_one_and_clean(remote, ours)


def test_bytes_that_another_run_names_stay(clone: Clone) -> None:
    ours, large = clone("ours"), os.urandom(200_000)
    runs = [begin.start(ours, "churn") for _ in range(2)]
    for run in runs:
        run.add_bytes(large, "large.bin")
        run.finish()
    kept = list((ours.data / "objects" / "sha256").rglob("*/*/*"))
    assert len(kept) == 1
    forget(ours, Wanted((folder_of(ours, runs[0].id),)))
    assert kept[0].exists()
    forget(ours, Wanted((folder_of(ours, runs[1].id),)))
    assert not kept[0].exists()


def test_a_text_goes_out_of_every_record(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    secret = f'{SECRET}: "quoted"'
    run_id = record(ours, key=secret, lr="0.1")
    folder = folder_of(ours, run_id)
    edit.set_note(ours, folder, f"log in with {secret}\nor not")
    share(ours)
    theirs = clone("theirs")
    edit.set_note(theirs, folder, f"still {secret}")
    edit.set_tags(theirs, folder, {"team": "blue"})
    found = plan(ours, Wanted(text=secret))
    assert found.forgotten == {f"{folder}/run.yaml: note", f"{folder}/run.yaml: params.key"}
    forget(ours, Wanted(text=secret))
    run = ours.snapshot().run(folder)
    assert run.params == {"key": "[forgotten]", "lr": "0.1"}
    assert run.note == "log in with [forgotten]\nor not"
    share(ours, theirs, ours)
    assert theirs.snapshot().run(folder).tags["team"] == "blue"
    assert_one_and_clean(remote, ours, theirs)


def test_files_that_hold_the_text_and_stay_are_named(clone: Clone) -> None:
    ours = clone("ours")
    run = begin.start(ours, "churn")
    run.add_bytes(SECRET.encode(), "note.txt")
    run.finish()
    assert plan(ours, Wanted(text=SECRET)).held == (f"{folder_of(ours, run.id)}/files/note.txt",)


def test_the_history_alone_is_forgotten(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    run_id = record(ours)
    edit.set_tags(ours, folder_of(ours, run_id), {"pass": SECRET})
    edit.delete_tag(ours, folder_of(ours, run_id), "pass")
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    assert forget(ours, Wanted()).epoch == 2
    share(ours, theirs)
    assert_one_and_clean(remote, ours, theirs)
    assert ids(ours) == {run_id, made}


def test_what_cannot_be_forgotten_is_refused_and_nothing_changes(clone: Clone) -> None:
    ours = clone("ours")
    run_id = record(ours)
    folder, tip = folder_of(ours, run_id), ours.branch.tip()
    with pytest.raises(NotFound):
        forget(ours, Wanted((folder,), params=("nothing",)))
    with pytest.raises(InvalidValue):
        forget(ours, Wanted((folder,), files=("run.yaml",)))
    with pytest.raises(InvalidValue):
        forget(ours, Wanted(text="abc"))
    live = begin.start(ours, "churn")
    live.log_metric("acc", 0.5)
    with pytest.raises(InvalidState):
        forget(ours, Wanted((f"runs/churn/2026-11-23/0/081451-{live.id}",)))
    live.finish()
    git(top(ours), "worktree", "add", "-q", "../look", "mlgit", check=True)
    with pytest.raises(Unsupported):
        forget(ours, Wanted((folder,)))
    git(top(ours), "worktree", "remove", "--force", "../look", check=True)
    assert tip != ours.branch.tip()  # the run that ended
    assert epoch_at(ours.repository.objects, ours.branch.tip()) is None


def test_a_text_of_several_lines_is_found_line_by_line(clone: Clone) -> None:
    ours = clone("ours")
    key = f"-----BEGIN KEY-----\n{SECRET}-first\n{SECRET}-second\n-----END KEY-----"
    folder = folder_of(ours, record(ours))
    edit.set_note(ours, folder, f"it is\n{key}\n")
    with ours.change("a patch") as change:
        change.put(f"{folder}/code.patch", b"".join(b"+%b\n" % x.encode() for x in key.split("\n")))
    done = forget(ours, Wanted(text=key))
    assert done.plan.forgotten == {f"{folder}/run.yaml: note", f"{folder}/code.patch"}
    assert ours.snapshot().patch(folder) == b"+[forgotten]\n" * 4
    assert not is_anywhere(top(ours))


def test_refs_that_still_reach_what_was_forgotten_are_named(clone: Clone) -> None:
    ours = clone("ours")
    gone = record(ours)
    share(ours)
    git(top(ours), "tag", "-a", "-m", "release", "kept", "mlgit", check=True)
    git(top(ours), "branch", "old", "mlgit", check=True)
    assert holders(ours) == []
    forget(ours, Wanted((folder_of(ours, gone),)))
    there = {"refs/heads/old", "refs/tags/kept", "the reflog of refs/heads/old"}
    assert set(holders(ours)) == {*there, "refs/remotes/origin/mlgit"}
    share(ours)
    assert set(holders(ours)) == there


@pytest.mark.parametrize("spelled", ["mlflow.note.content", "mlflow.source.name", "team"])
def test_a_reserved_tag_is_the_field_that_it_stands_for(clone: Clone, spelled: str) -> None:
    ours = clone("ours")
    folder = folder_of(ours, record(ours))
    edit.set_tags(ours, folder, {spelled: SECRET})
    forget(ours, Wanted((folder,), tags=(spelled,)))
    assert spelled not in ours.snapshot().run(folder).all_tags()
    assert not is_anywhere(top(ours))
