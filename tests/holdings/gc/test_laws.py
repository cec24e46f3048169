"""After any history of logging, deleting, purging and cleaning up, what is named is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mlgit.holdings.named import named_by
from mlgit.runs import edit
from mlgit.runs import purge as purging
from mlgit.store.named import sources
from mlgit.store.store import Store
from tests.holdings.gc.kit import MONTH, cache, clean, folder_of, record
from tests.support.machines import examine
from tests.support.repos import make_repo

_DATA = [os.urandom(150_000) for _ in range(3)]
_WEEK = MONTH / 4


class Cleaning(RuleBasedStateMachine):
    """One clone; each clean-up is later than the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store.init(make_repo(self.folder / "project")).store
        self.runs: list[str] = []
        self.purged: list[str] = []
        self.live: set[str] = set()
        self.later = MONTH

    @rule(data=st.integers(0, 2))
    def log(self, data: int) -> None:
        self.runs.append(record(self.store, _DATA[data])[0])

    @rule(data=st.integers(0, 2))
    def die(self, data: int) -> None:
        self.live.add(record(self.store, _DATA[data], finish=False)[1])

    @rule(data=st.integers(0, 2))
    def put(self, data: int) -> None:
        cache(self.store).put_bytes(_DATA[data])

    @rule()
    def purge(self) -> None:
        if self.runs:
            run_id = self.runs.pop()
            folder = folder_of(self.store, run_id)
            edit.delete(self.store, folder)
            purging.purge(self.store, folder, sources(self.store.snapshot()))
            self.purged.append(folder)

    @rule()
    def restore(self) -> None:
        if self.purged:
            purging.restore(self.store, self.purged.pop())

    @rule()
    def forget_journals(self) -> None:
        shutil.rmtree(self.store.data / "published", ignore_errors=True)

    @rule()
    def gc(self) -> None:
        self.later += 1.2 * _WEEK
        clean(self.store, later=self.later)

    @invariant()
    def what_is_named_is_there(self) -> None:
        named = {*named_by(self.store), *self.live}
        assert all(cache(self.store).verify(digest) for digest in named)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


@pytest.mark.parametrize(
    "examples", [4, pytest.param(150, marks=[pytest.mark.full, pytest.mark.timeout(3600)])]
)
def test_what_is_named_is_there(examples: int) -> None:
    examine(Cleaning, examples, 14)
