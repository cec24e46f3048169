"""Purged runs and other clones: nobody brings one back unawares, nobody loses what came later."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from mlgit import times
from mlgit.errors import NotFound
from mlgit.records.run import Purged
from mlgit.runs import begin, edit, purge
from mlgit.runs.recover import recover
from mlgit.search.index import Index
from mlgit.search.question import Question, View
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.check.check import check
from mlgit.store.past import stub_of
from mlgit.store.store import Store
from tests.support.machines import examine
from tests.support.repos import git, make_repo

Clone = Callable[[str], Store]


def share(*stores: Store) -> None:
    for store in stores:
        sync(store, transport_of(store))


def record(store: Store) -> str:
    """The folder of a new run."""
    run = begin.start(store, "churn")
    run.log_metric("acc", 0.9)
    run.add_bytes(b"weights", "model.txt")
    run.finish()
    return run.folder


def stubs(folder: str, *stores: Store) -> list[Purged | None]:
    return [stub_of(store.snapshot(), folder) for store in stores]


def at(ms: int) -> times.Sources:
    return times.Sources(clock=lambda: ms, entropy=os.urandom)


def test_a_clone_that_slept_does_not_bring_a_purged_run_back(clone: Clone) -> None:
    ours = clone("ours")
    folder = record(ours)
    share(ours)
    theirs = clone("theirs")
    purge.purge(ours, folder, force=True)
    other = record(theirs)
    share(ours, theirs, ours)
    assert None not in stubs(folder, ours, theirs)
    assert [one for one in ours.snapshot().run_folders() if one != folder] == [other]
    assert check(theirs.snapshot(), deep=True) == []


@pytest.mark.parametrize("later", [True, False])
def test_an_edit_beats_a_purge_that_was_made_before_it(clone: Clone, later: bool) -> None:
    ours = clone("ours")
    folder = record(ours)
    share(ours)
    theirs = clone("theirs")
    now = times.now_ms()
    with times.pinned(at(now + 5_000)):
        purge.purge(ours, folder, force=True)
    with times.pinned(at(now + (9_000 if later else 1_000))):
        edit.set_tags(theirs, folder, {"keep": "me"})
    share(theirs, ours, theirs)
    assert ours.branch.tip() == theirs.branch.tip()
    assert (stubs(folder, ours)[0] is None) == later
    assert check(ours.snapshot(), deep=True) == []


def test_a_run_that_goes_on_elsewhere_waits_until_it_is_brought_back(clone: Clone) -> None:
    ours = clone("ours")
    run = begin.start(ours, "churn")
    run.log_metric("acc", 0.5, 0)
    run.checkpoint()
    share(ours)
    theirs = clone("theirs")
    purge.purge(theirs, run.folder, force=True)
    share(theirs)
    pull(ours, transport_of(ours))
    run.log_metric("acc", 0.6, 1)
    with pytest.warns(UserWarning, match="was purged"):
        assert run.finish() is None
    assert isinstance(run.failure, NotFound)
    assert run.failure.hint == f"mlgit restore {run.id}"
    [refused] = recover(ours)
    assert refused.problem is not None
    purge.restore(ours, run.folder)
    [done] = recover(ours)
    assert done.problem is None
    share(ours, theirs)
    assert theirs.snapshot().run(run.folder).metrics["acc"].points == 2


def test_a_run_is_brought_back_by_a_clone_that_never_had_it(clone: Clone) -> None:
    ours = clone("ours")
    folder = record(ours)
    before = ours.snapshot().run(folder)
    purge.purge(ours, folder, force=True)
    share(ours)
    theirs = clone("theirs")
    purge.restore(theirs, folder)
    share(theirs, ours)
    assert ours.snapshot().run(folder).metrics == before.metrics
    assert ours.snapshot().read(f"{folder}/files/model.txt") == b"weights"


def test_plain_git_stops_where_a_purge_meets_an_edit(clone: Clone, tmp_path: Path) -> None:
    ours = clone("ours")
    folder = record(ours)
    share(ours)
    theirs = clone("theirs")
    purge.purge(ours, folder, force=True)
    edit.set_note(theirs, folder, "mine")
    share(ours)
    path, place = theirs.home.work_tree, tmp_path / "store"
    assert path is not None
    git(path, "fetch", "-q", "origin", check=True)
    git(path, "worktree", "add", "-q", "--detach", str(place), "mlgit", check=True)
    assert git(place, "merge", "-q", "origin/mlgit").returncode == 1
    unmerged = git(place, "diff", "--name-only", "--diff-filter=U").stdout.split()
    assert unmerged == [f"{folder}/run.yaml"]
    git(place, "merge", "--abort", check=True)
    git(path, "worktree", "remove", str(place), check=True)


class Purges(RuleBasedStateMachine):
    """Two clones that edit, purge, bring back and share a few runs."""

    def __init__(self) -> None:
        super().__init__()
        self._left = ExitStack()
        self.stores: list[Store] = []
        self.folders: list[str] = []
        self.purged: set[str] = set()

    @initialize()
    def clone(self) -> None:
        place = Path(self._left.enter_context(tempfile.TemporaryDirectory()))
        code = make_repo(place / "code")
        git(place, "clone", "-q", "--bare", str(code), "remote.git", check=True)
        for number in range(2):
            git(place, "clone", "-q", "remote.git", f"clone{number}", check=True)
            Store.init(place / f"clone{number}").store.close()
            self.stores.append(self._left.enter_context(Store.open(place / f"clone{number}")))
        self.folders = [record(self.stores[0]), record(self.stores[1])]
        share(*self.stores, *self.stores)

    @rule(number=st.integers(0, 1), which=st.integers(0, 1))
    def purge_or_bring_back(self, number: int, which: int) -> None:
        store, folder = self.stores[number], self.folders[which]
        if stub_of(store.snapshot(), folder):
            purge.restore(store, folder)
        else:
            purge.purge(store, folder, force=True)
            self.purged.add(folder)

    @rule(number=st.integers(0, 1), which=st.integers(0, 1), word=st.sampled_from("ab"))
    def tag(self, number: int, which: int, word: str) -> None:
        store, folder = self.stores[number], self.folders[which]
        if not stub_of(store.snapshot(), folder):
            edit.set_tags(store, folder, {"word": word})

    @rule(number=st.integers(0, 1), which=st.integers(0, 1))
    def go_on(self, number: int, which: int) -> None:
        store, folder = self.stores[number], self.folders[which]
        if not stub_of(store.snapshot(), folder):
            run = begin.resume(store, store.snapshot().run(folder).id)
            run.log_metric("acc", 1.0, 1)
            run.finish()

    @rule(number=st.integers(0, 1))
    def share(self, number: int) -> None:
        share(self.stores[number])

    def teardown(self) -> None:
        try:
            if self.stores:
                self._come_together()
        finally:
            self._left.close()

    def _come_together(self) -> None:
        share(*self.stores, *self.stores)
        assert len({store.branch.tip() for store in self.stores}) == 1
        for store in self.stores:
            snapshot = store.snapshot()
            assert check(snapshot, deep=True) == []
            assert sorted(snapshot.run_folders()) == sorted(self.folders)
            living = [folder for folder in self.folders if not stub_of(snapshot, folder)]
            assert set(self.folders) - self.purged <= set(living)
            found = Index(store).find(Question(view=View.ALL))
            assert sorted(one.folder for one in found) == sorted(living)
            for folder in set(self.folders) - set(living):
                assert purge.restore(store, folder).metrics["acc"].points >= 1


def test_clones_that_purge_and_bring_back_come_to_one_store() -> None:
    examine(Purges, 4, 10)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_clones_that_purge_and_bring_back_come_to_one_store_in_every_order() -> None:
    examine(Purges, 60, 30)
