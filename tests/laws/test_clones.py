"""Clones that record, edit and share in any order come to one store, and nothing is lost."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from mlgit.runs import begin, edit
from mlgit.sharing.push import pull, sync
from mlgit.sharing.remotes import transport_of
from mlgit.store.check import check
from mlgit.store.store import Store
from tests.support.repos import git, make_repo

_CLONES = st.integers(0, 2)
_WORDS = st.sampled_from(("a", "b"))


class Clones(RuleBasedStateMachine):
    """Three clones of one remote; `recorded` is what every one must have in the end."""

    def __init__(self) -> None:
        super().__init__()
        self._left = ExitStack()
        self.recorded: dict[str, float] = {}
        self.stores: list[Store] = []

    @initialize()
    def clone(self) -> None:
        place = Path(self._left.enter_context(tempfile.TemporaryDirectory()))
        code = make_repo(place / "code")
        git(place, "clone", "-q", "--bare", str(code), "remote.git", check=True)
        for number in range(3):
            git(place, "clone", "-q", "remote.git", f"clone{number}", check=True)
            Store.init(place / f"clone{number}").store.close()
            self.stores.append(self._left.enter_context(Store.open(place / f"clone{number}")))

    @rule(number=_CLONES, value=st.floats(0, 1), experiment=_WORDS)
    def record(self, number: int, value: float, experiment: str) -> None:
        run = begin.start(self.stores[number], experiment)
        run.log_metric("acc", value)
        run.finish()
        self.recorded[run.id] = value

    @rule(number=_CLONES, which=st.integers(0, 9), word=_WORDS)
    def tag(self, number: int, which: int, word: str) -> None:
        store, folder = self._some_run(number, which)
        if folder and store.snapshot().run(folder).lifecycle == "active":
            edit.set_tags(store, folder, {"team": word})

    @rule(number=_CLONES, which=st.integers(0, 9))
    def delete_or_restore(self, number: int, which: int) -> None:
        store, folder = self._some_run(number, which)
        if folder and store.snapshot().run(folder).lifecycle == "active":
            edit.delete(store, folder)
        elif folder:
            edit.restore(store, folder)

    @rule(number=_CLONES)
    def share(self, number: int) -> None:
        sync(self.stores[number], transport_of(self.stores[number]))

    @rule(number=_CLONES)
    def take(self, number: int) -> None:
        pull(self.stores[number], transport_of(self.stores[number]))

    def teardown(self) -> None:
        try:
            if self.stores:
                self._come_together()
        finally:
            self._left.close()

    def _some_run(self, number: int, which: int) -> tuple[Store, str]:
        store = self.stores[number]
        folders = sorted(store.snapshot().run_folders())
        return store, folders[which % len(folders)] if folders else ""

    def _come_together(self) -> None:
        for store in (*self.stores, *self.stores):
            sync(store, transport_of(store))
        assert len({store.branch.tip() for store in self.stores}) == 1
        for store in self.stores:
            snapshot = store.snapshot()
            runs = [snapshot.run(folder) for folder in snapshot.run_folders()]
            assert {run.id: run.metrics["acc"].last for run in runs} == self.recorded
            assert check(snapshot, deep=True) == []
            assert git(store.repository.common_dir, "fsck", "--full", "--strict").returncode == 0


def _examine(examples: int, steps: int) -> None:
    asked = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a step is a fetch: no shrinking
    )
    run_state_machine_as_test(Clones, settings=asked)


def test_three_clones_come_to_one_store() -> None:
    _examine(4, 10)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_three_clones_come_to_one_store_however_they_shared() -> None:
    _examine(60, 30)
