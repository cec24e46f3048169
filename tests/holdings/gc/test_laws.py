"""After any history of logging, deleting, purging and cleaning up, what is named is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mlgit.holdings.gc.leases import announce
from mlgit.holdings.named import named_by
from mlgit.runs import edit
from mlgit.runs import purge as purging
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.named import sources
from mlgit.store.store import Store
from tests.holdings.gc.kit import MONTH, cache, clean, folder_of, record
from tests.holdings.gc.sharing import Dying, Killed, expire, faulty_remote, stored
from tests.holdings.gc.sharing import clean as clean_remote
from tests.support.faulty import Faults
from tests.support.machines import examine
from tests.support.repos import git, make_repo

_DATA = [os.urandom(150_000) for _ in range(3)]
_MORE = [*_DATA, *(os.urandom(110_000) for _ in range(3))]
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


class CleaningRemote(RuleBasedStateMachine):
    """Two clones with a remote that keeps bundles; each pushes what the remote has not."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        hub, project = self.folder / "hub.git", make_repo(self.folder / "project")
        Store.init(project).store.close()
        git(self.folder, "clone", "-q", "--bare", str(project), str(hub), check=True)
        for name in "ab":
            git(self.folder, "clone", "-q", str(hub), name, check=True)
        self.clones = [Store.open(self.folder / name) for name in "ab"]
        self.faults = Faults()
        self.remote, _ = faulty_remote(f"/laws-{self.clones[0].writer}", self.faults)
        self.pushed: set[str] = set()
        for clone in (0, 1):
            self.log_and_push(clone, [clone], together=False)

    @rule(
        clone=st.integers(0, 1),
        data=st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True),
        together=st.booleans(),
    )
    def log_and_push(self, clone: int, data: list[int], together: bool) -> None:
        store = self.clones[clone]
        for one in data:
            record(store, _MORE[one])
        self._upload(store, named_by(store), together)
        sync(store, transport_of(store))
        self.pushed = set(named_by(store))

    @rule(
        clone=st.integers(0, 1),
        data=st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True),
        together=st.booleans(),
    )
    def upload_only(self, clone: int, data: list[int], together: bool) -> None:
        store = self.clones[clone]
        names = [cache(store).put_bytes(_MORE[one])[0] for one in data]
        self._upload(store, names, together)

    def _upload(self, store: Store, digests: Collection[str], together: bool) -> None:
        announce(store, self.remote)
        there = self.remote.sizes(digests)
        held = [one for one in digests if one not in there and cache(store).has(one)]
        if together and held:
            self.remote.put_bundle([(one, cache(store).path(one).read_bytes()) for one in held])
        else:
            for one in held:
                self.remote.put(one, cache(store).path(one))

    @rule()
    def age(self) -> None:
        self.remote.age()

    @rule()
    def expire(self) -> None:
        expire(self.remote)

    @rule(clone=st.integers(0, 1))
    def gc(self, clone: int) -> None:
        clean_remote(self.clones[clone], self.remote)

    @rule(clone=st.integers(0, 1), steps=st.integers(0, 12))
    def gc_killed(self, clone: int, steps: int) -> None:
        self.remote.fs.faults = Dying(steps)
        with suppress(Killed):
            clean_remote(self.clones[clone], self.remote)
        self.remote.fs.faults = self.faults

    @invariant()
    def what_is_pushed_is_there(self) -> None:
        assert all(map(self.remote.verify, self.pushed))

    def teardown(self) -> None:
        for _ in range(2):  # what nothing names goes in the end
            self.remote.age()
            clean_remote(self.clones[0], self.remote)
            expire(self.remote)
        clean_remote(self.clones[0], self.remote)
        assert stored(self.remote) == self.pushed
        assert all(map(self.remote.verify, self.pushed))
        for store in self.clones:
            store.close()
        shutil.rmtree(self.folder)


@pytest.mark.parametrize("machine", [Cleaning, CleaningRemote])
@pytest.mark.parametrize(
    "examples", [3, pytest.param(150, marks=[pytest.mark.full, pytest.mark.timeout(3600)])]
)
def test_what_is_named_is_there(machine: type[RuleBasedStateMachine], examples: int) -> None:
    examine(machine, examples, 14)
