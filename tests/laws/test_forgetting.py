"""Clones that record, edit, forget and share in any order: what was forgotten is gone in the end.

And nothing else is lost, whoever forgets what, whoever sleeps, and from whom anyone pulls.
"""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from mlgit.records.run import load_purged
from mlgit.runs import begin, edit
from mlgit.sharing.forget import Wanted, forget
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.support.machines import examine
from tests.support.repos import git, make_repo

_CLONES = st.integers(0, 2)
_WHICH = st.integers(0, 9)


class Forgetting(RuleBasedStateMachine):
    """Three clones of one remote that also pull from each other.

    Attributes:
        recorded: What every clone must have in the end: a metric by run.
        secrets: A text that one run's parameter held, by run.
        forgotten: Those that must be nowhere in the end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._left = ExitStack()
        self.recorded: dict[str, float] = {}
        self.secrets: dict[str, str] = {}
        self.forgotten: set[str] = set()
        self.stores: list[Store] = []

    @initialize()
    def clone(self) -> None:
        place = Path(self._left.enter_context(tempfile.TemporaryDirectory()))
        code = make_repo(place / "code")
        git(place, "clone", "-q", "--bare", str(code), "remote.git", check=True)
        self.remote = place / "remote.git"
        for number in range(3):
            path = place / f"clone{number}"
            git(place, "clone", "-q", "remote.git", str(path), check=True)
            for other in {0, 1, 2} - {number}:
                git(path, "remote", "add", f"clone{other}", f"../clone{other}", check=True)
            Store.init(path).store.close()
            self.stores.append(self._left.enter_context(Store.open(path)))

    @rule(number=_CLONES, value=st.floats(0, 1))
    def record(self, number: int, value: float) -> None:
        secret = f"secret-{len(self.secrets)}-of-a-run"
        run = begin.start(self.stores[number], "churn")
        run.log_metric("acc", value)
        run.log_params({"key": secret, "lr": "0.1"})
        run.finish()
        self.recorded[run.id], self.secrets[run.id] = value, secret

    @rule(number=_CLONES, which=_WHICH)
    def tag(self, number: int, which: int) -> None:
        store, folder, _ = self._some_run(number, which)
        if folder:
            edit.set_tags(store, folder, {"team": f"{which}"})

    @rule(number=_CLONES, which=_WHICH)
    def forget_run(self, number: int, which: int) -> None:
        store, folder, run_id = self._some_run(number, which)
        if folder:
            forget(store, Wanted((folder,)))
            self.recorded.pop(run_id, None)
            self.forgotten.add(self.secrets[run_id])

    @rule(number=_CLONES, which=_WHICH, text=st.booleans())
    def forget_secret(self, number: int, which: int, text: bool) -> None:
        store, folder, run_id = self._some_run(number, which)
        if folder and self.secrets[run_id] in store.snapshot().run(folder).params.values():
            secret = self.secrets[run_id]
            wanted = Wanted(text=secret) if text else Wanted((folder,), params=("key",))
            forget(store, wanted)
            self.forgotten.add(secret)

    @rule(number=_CLONES)
    def share(self, number: int) -> None:
        sync(self.stores[number], transport_of(self.stores[number]))

    @rule(number=_CLONES, other=_CLONES)
    def take(self, number: int, other: int) -> None:
        name = "" if number == other else f"clone{other}"
        pull(self.stores[number], transport_of(self.stores[number], name))

    def teardown(self) -> None:
        try:
            if self.stores:
                self._come_together()
        finally:
            self._left.close()

    def _some_run(self, number: int, which: int) -> tuple[Store, str, str]:
        store = self.stores[number]
        runs = _runs(store)
        if not runs:
            return store, "", ""
        folder = sorted(runs)[which % len(runs)]
        return store, folder, runs[folder]

    def _come_together(self) -> None:
        for store in (*self.stores, *self.stores, *self.stores):
            sync(store, transport_of(store))
        for number, store in enumerate(self.stores):
            for other in {0, 1, 2} - {number}:
                pull(store, transport_of(store, f"clone{other}"))
        assert len({store.branch.tip() for store in self.stores}) == 1
        for store in self.stores:
            snapshot = store.snapshot()
            found = {run: snapshot.run(folder) for folder, run in _runs(store).items()}
            assert {name: run.metrics["acc"].last for name, run in found.items()} == self.recorded
            assert all(run.params["lr"] == "0.1" for run in found.values())
            assert check(snapshot, deep=True) == []
        for place in (self.remote, *(store.repository.common_dir for store in self.stores)):
            assert git(place, "fsck", "--full", "--strict").returncode == 0
            everything = _everything(place)
            assert not [secret for secret in self.forgotten if secret.encode() in everything]


def _runs(store: Store) -> dict[str, str]:
    """Folder -> id of the runs that were not forgotten."""
    snapshot = store.snapshot()
    folders = list(snapshot.run_folders())
    records = {folder: snapshot.read(f"{folder}/run.yaml") or b"" for folder in folders}
    alive = [folder for folder, data in records.items() if load_purged(data) is None]
    return {folder: snapshot.run(folder).id for folder in alive}


def _everything(place: Path) -> bytes:
    """All that git has after it has cleaned up, and all that mlgit keeps beside it."""
    git(place, "gc", "-q", "--prune=now", check=True)
    objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
    found = subprocess.run(objects, cwd=place, capture_output=True, check=True).stdout
    beside = [file.read_bytes() for file in (place / "mlgit").rglob("*") if file.is_file()]
    return b"".join([found, *beside])


def test_three_clones_forget_together() -> None:
    examine(Forgetting, 3, 10)


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_three_clones_forget_together_however_they_shared() -> None:
    examine(Forgetting, 60, 30)
