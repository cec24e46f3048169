"""Clones that record, edit and share in any order come to one store, and nothing is lost.

They pull from a remote and from each other. Their clocks differ by a year: what somebody wrote who
knew the value before it counts, whatever the clocks say.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from mlgit import times
from mlgit.runs import begin, edit
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.support.machines import examine
from tests.support.repos import git, make_repo

_REMOTE = 3  # beside three clones
_CLONES = st.integers(0, 2)
_WORDS = st.sampled_from(("a", "b"))
_FEW = st.integers(0, 1)  # runs that are edited: so that edits meet
_AHEAD = (365 * 24 * 3600 * 1000, 0, -3600 * 1000)  # milliseconds, of each clone's clock
Field = tuple[str, str]


class Clones(RuleBasedStateMachine):
    """Three clones of one remote.

    Attributes:
        recorded: What every clone must have in the end: a metric by run.
        written: Every edit that was made: the field, its new value, and the edits that its writer
            knew.
        known: The numbers of the edits that each clone, and the remote, knows.
    """

    def __init__(self) -> None:
        super().__init__()
        self._left = ExitStack()
        self.recorded: dict[str, float] = {}
        self.written: list[tuple[Field, str | None, frozenset[int]]] = []
        self.known: list[frozenset[int]] = [frozenset()] * 4
        self.stores: list[Store] = []

    @initialize()
    def clone(self) -> None:
        place = Path(self._left.enter_context(tempfile.TemporaryDirectory()))
        code = make_repo(place / "code")
        git(place, "clone", "-q", "--bare", str(code), "remote.git", check=True)
        for number in range(3):
            path = place / f"clone{number}"
            git(place, "clone", "-q", "remote.git", str(path), check=True)
            for other in {0, 1, 2} - {number}:
                git(path, "remote", "add", f"clone{other}", f"../clone{other}", check=True)
            Store.init(path).store.close()
            self.stores.append(self._left.enter_context(Store.open(path)))

    @rule(number=_CLONES, value=st.floats(0, 1), experiment=_WORDS)
    def record(self, number: int, value: float, experiment: str) -> None:
        with _clock_of(number):
            run = begin.start(self.stores[number], experiment)
            run.log_metric("acc", value)
            run.finish()
        self.recorded[run.id] = value

    @rule(number=_CLONES, which=_FEW, key=_WORDS)
    def tag(self, number: int, which: int, key: str) -> None:
        store, folder = self._some_run(number, which)
        if folder and store.snapshot().run(folder).lifecycle == "active":
            value = f"value {len(self.written)}"
            with _clock_of(number):
                edit.set_tags(store, folder, {key: value})
            self._wrote(number, (folder, key), value)

    @rule(number=_CLONES, which=_FEW, key=_WORDS)
    def remove_tag(self, number: int, which: int, key: str) -> None:
        store, folder = self._some_run(number, which)
        run = store.snapshot().run(folder) if folder else None
        if run and run.lifecycle == "active" and key in run.tags:
            with _clock_of(number):
                edit.delete_tag(store, folder, key)
            self._wrote(number, (folder, key), None)

    @rule(number=_CLONES, which=_FEW)
    def delete_or_restore(self, number: int, which: int) -> None:
        store, folder = self._some_run(number, which)
        if not folder:
            return
        active = store.snapshot().run(folder).lifecycle == "active"
        with _clock_of(number):
            (edit.delete if active else edit.restore)(store, folder)
        self._wrote(number, (folder, ""), "deleted" if active else "active")

    @rule(number=_CLONES)
    def share(self, number: int) -> None:
        self._sync(number)

    @rule(number=_CLONES, other=st.integers(0, 3))
    def take(self, number: int, other: int) -> None:
        if other == number:
            return
        store = self.stores[number]
        name = "origin" if other == _REMOTE else f"clone{other}"
        with _clock_of(number):
            pull(store, transport_of(store, name))
        self.known[number] |= self.known[other]

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

    def _wrote(self, number: int, field: Field, value: str | None) -> None:
        self.written.append((field, value, self.known[number]))
        self.known[number] |= {len(self.written) - 1}

    def _sync(self, number: int) -> None:
        store = self.stores[number]
        with _clock_of(number):
            sync(store, transport_of(store))
        self.known[number] = self.known[_REMOTE] = self.known[number] | self.known[_REMOTE]

    def _come_together(self) -> None:
        for number in (*range(3), *range(3)):
            self._sync(number)
        assert len({store.branch.tip() for store in self.stores}) == 1
        for store in self.stores:
            snapshot = store.snapshot()
            runs = [snapshot.run(folder) for folder in snapshot.run_folders()]
            assert {run.id: run.metrics["acc"].last for run in runs} == self.recorded
            self._require_last_words(store)
            assert check(snapshot, deep=True) == []
            assert git(store.repository.common_dir, "fsck", "--full", "--strict").returncode == 0

    def _require_last_words(self, store: Store) -> None:
        """Each field has a value that nobody who knew it has replaced."""
        snapshot = store.snapshot()
        for folder, key in {field for field, _, _ in self.written}:
            run = snapshot.run(folder)
            now = run.tags.get(key) if key else run.lifecycle
            assert now in self._last_words((folder, key))

    def _last_words(self, field: Field) -> set[str | None]:
        edits = {n: edit for n, edit in enumerate(self.written) if edit[0] == field}
        replaced = frozenset[int]().union(*(known for _, _, known in edits.values()))
        return {value for n, (_, value, _) in edits.items() if n not in replaced}


@contextmanager
def _clock_of(number: int) -> Iterator[None]:
    sources = times.Sources(clock=lambda: time.time_ns() // 1_000_000 + _AHEAD[number])
    with times.pinned(sources):
        yield


def test_three_clones_come_to_one_store() -> None:
    examine(Clones, 4, 12)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_three_clones_come_to_one_store_however_they_shared() -> None:
    examine(Clones, 60, 30)
