"""Two clones and a remote: whatever is recorded where, in the end all have all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit.errors import NotFound, RemoteFailed, Unsupported
from mlgit.git.transport.path import PathTransport
from mlgit.git.transport.protocol import Pushed, Update
from mlgit.runs import begin, edit
from mlgit.sharing.push import push
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.state import shared_state
from mlgit.sharing.sync import pull, sync
from mlgit.store.store import Store
from tests.support.repos import footprint, git, make_repo

Clone = Callable[[str], Store]


def record(store: Store, experiment: str = "churn", **metrics: float) -> str:
    run = begin.start(store, experiment)
    run.log_metrics(metrics or {"acc": 0.9})
    run.finish()
    return run.id


def ids(store: Store) -> set[str]:
    snapshot = store.snapshot()
    return {snapshot.run(folder).id for folder in snapshot.run_folders()}


def tree(store: Store) -> bytes:
    return store.snapshot().tree


def bring_together(*stores: Store) -> None:
    for store in (*stores, *stores):
        sync(store, transport_of(store))


def test_runs_recorded_apart_come_together(clone: Clone) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    made = {record(ours), record(ours), record(theirs)}
    bring_together(ours, theirs)
    assert ids(ours) == ids(theirs) == made
    assert ours.branch.tip() == theirs.branch.tip()


def test_what_only_others_have_moves_the_branch_on_without_a_merge(clone: Clone) -> None:
    ours = clone("ours")
    record(ours)
    sync(ours, transport_of(ours))
    theirs = clone("theirs")
    record(ours)
    sync(ours, transport_of(ours))
    pulled = pull(theirs, transport_of(theirs))
    assert pulled is not None
    assert not pulled.merged
    assert pulled.after == ours.branch.tip()


def test_one_run_edited_on_both_sides_keeps_both_edits(clone: Clone) -> None:
    ours = clone("ours")
    run_id = record(ours)
    sync(ours, transport_of(ours))
    theirs = clone("theirs")
    [folder] = ours.snapshot().find_run(run_id)
    edit.set_tags(ours, folder, {"team": "blue"})
    edit.set_note(theirs, folder, "the best so far")
    bring_together(ours, theirs)
    for store in (ours, theirs):
        run = store.snapshot().run(folder)
        assert (run.tags["team"], run.note) == ("blue", "the best so far")
    assert tree(ours) == tree(theirs)


def test_sharing_again_changes_nothing_and_ends(clone: Clone) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    record(ours)
    record(theirs)
    bring_together(ours, theirs)
    before = ours.branch.tip()
    again = sync(ours, transport_of(ours))
    assert (again.tip, again.pushed, again.attempts) == (before, False, 0)
    assert sync(theirs, transport_of(theirs)).tip == before


def test_two_that_merged_the_same_apart_do_not_merge_for_ever(clone: Clone) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    record(ours)
    record(theirs)
    for store, other in ((ours, theirs), (theirs, ours)):
        assert store.home.work_tree is not None
        assert other.home.work_tree is not None
        git(store.home.work_tree, "remote", "add", "other", str(other.home.work_tree), check=True)
    first, second = (transport_of(Store.open(s.home.work_tree), "other") for s in (ours, theirs))
    here, there = first.fetch(), second.fetch()
    assert None not in (here.tip, there.tip)
    pull(ours, first)
    pull(theirs, second)
    assert tree(ours) == tree(theirs)
    bring_together(ours, theirs)
    assert ours.branch.tip() == theirs.branch.tip()


def test_a_push_takes_in_only_what_stands_in_its_way(clone: Clone) -> None:
    ours = clone("ours")
    made = {record(ours)}
    assert push(ours, transport_of(ours)).pushed
    theirs = clone("theirs")
    made.add(record(ours))
    quick = push(ours, transport_of(ours))
    assert (quick.pulled, quick.pushed) == (None, True)
    assert not push(ours, transport_of(ours)).pushed
    made.add(record(theirs))
    beaten = push(theirs, transport_of(theirs))
    assert beaten.pushed
    assert beaten.pulled is not None
    assert beaten.pulled.merged
    assert ids(theirs) == made


def test_a_push_that_others_beat_is_tried_again(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    made = {record(ours)}
    sync(ours, transport_of(ours))
    made |= {record(ours), record(theirs)}
    honest = PathTransport.push
    beaten: list[bool] = []

    def push(self: PathTransport, updates: list[Update]) -> dict[str, Pushed]:
        if not beaten:
            beaten.append(True)
            sync(ours, transport_of(ours))
        return honest(self, updates)

    monkeypatch.setattr(PathTransport, "push", push)
    done = sync(theirs, transport_of(theirs), sleep=lambda _: None)
    assert done.attempts == 2
    assert ids(theirs) == made


def test_the_store_is_never_the_first_branch_of_an_empty_remote(tmp_path: Path) -> None:
    empty = tmp_path / "empty.git"
    git(tmp_path, "init", "-q", "--bare", str(empty), check=True)
    path = make_repo(tmp_path / "project")
    git(path, "remote", "add", "origin", str(empty), check=True)
    with Store.init(path).store as store:
        record(store)
        with pytest.raises(Unsupported, match="default branch") as refused:
            sync(store, transport_of(store))
        assert "git push -u origin HEAD" in refused.value.hint
        git(path, "push", "-q", "origin", "HEAD", check=True)
        assert sync(store, transport_of(store)).pushed


def test_a_remote_that_is_gone_is_named(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    record(ours)
    remote.rename(remote.with_name("gone.git"))
    try:
        with pytest.raises(RemoteFailed, match="cannot fetch from origin"):
            sync(ours, transport_of(ours))
    finally:
        remote.with_name("gone.git").rename(remote)


def test_a_remote_that_refuses_says_so(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    record(ours)
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RemoteFailed, match="pre-receive hook declined") as refused:
        sync(ours, transport_of(ours))
    assert "right to push" in refused.value.hint


def test_a_shallow_clone_shares_what_it_can_and_never_guesses_the_past(
    clone: Clone, remote: Path, tmp_path: Path
) -> None:
    ours = clone("ours")
    made = {record(ours)}
    sync(ours, transport_of(ours))
    path = tmp_path / "shallow"
    url = f"file://{remote}"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", url, str(path), check=True)
    with Store.open(path) as shallow:
        made.add(record(shallow))
        assert sync(shallow, transport_of(shallow)).pushed
        made |= {record(shallow), record(ours)}
        sync(ours, transport_of(ours))
        sync(shallow, transport_of(shallow))
        assert ids(shallow) == made
        git(path, "fetch", "-q", "--depth=1", "origin", "mlgit", check=True)
        made.add(record(ours))
        sync(ours, transport_of(ours))
        git(path, "fetch", "-q", "--depth=1", "origin", "+mlgit:refs/remotes/origin/mlgit")
        record(shallow)
        with pytest.raises(Unsupported) as refused:
            sync(shallow, transport_of(shallow))
        assert refused.value.hint == "git fetch --unshallow"


def test_a_repository_without_a_remote_says_how_to_get_one(tmp_path: Path) -> None:
    with Store.init(make_repo(tmp_path / "alone")).store as store:
        with pytest.raises(NotFound) as refused:
            transport_of(store)
        assert "git remote add" in refused.value.hint


def test_sharing_touches_nothing_but_the_branch(clone: Clone) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    record(theirs)
    sync(theirs, transport_of(theirs))
    record(ours)
    assert ours.home.work_tree is not None
    before = footprint(ours.home.work_tree)
    sync(ours, transport_of(ours))
    assert footprint(ours.home.work_tree) == before


def test_the_state_counts_runs_on_both_sides(clone: Clone) -> None:
    ours = clone("ours")
    record(ours)
    assert not shared_state(ours, transport_of(ours)).known
    sync(ours, transport_of(ours))
    theirs = clone("theirs")
    record(ours)
    sync(ours, transport_of(ours))
    record(theirs)
    record(theirs)
    transport = transport_of(theirs)
    transport.fetch()
    found = shared_state(theirs, transport)
    assert (found.ahead, found.behind) == (2, 1)
