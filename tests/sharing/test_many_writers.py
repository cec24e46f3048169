"""Many clones that push at once: each is done with one or two pushes, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mlgit.git.transport.protocol import INBOX
from mlgit.runs import begin
from mlgit.sharing.plan import Synced
from mlgit.sharing.push import push
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.store import Store
from tests.sharing.test_sync import Clone, ids
from tests.support.repos import git

_Report = Callable[[str, object], None]


def inbox(remote: Path) -> list[str]:
    return git(remote, "for-each-ref", "--format=%(refname)", INBOX, check=True).stdout.split()


class Pusher(threading.Thread):
    """One clone that records and pushes some times, as soon as all others are ready."""

    def __init__(self, path: Path, times: int, ready: threading.Barrier) -> None:
        super().__init__()
        self._path, self._times, self._ready = path, times, ready
        self.made: list[str] = []
        self.done: list[Synced] = []

    def run(self) -> None:
        with Store.open(self._path) as store:
            for number in range(self._times):
                run = begin.start(store, f"experiment-{number}")
                run.log_metrics({"acc": 0.9})
                run.finish()
                self.made.append(run.id)
                self._ready.wait(120)
                self.done.append(push(store, transport_of(store)))


def push_at_once(remote: Path, place: Path, pushers: int, times: int) -> float:
    """Let many push at once; how many pushes one took."""
    ready = threading.Barrier(pushers)
    crowd = [Pusher(place / f"pusher{number}", times, ready) for number in range(pushers)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(300)
    made = {run_id for one in crowd for run_id in one.made}
    assert len(made) == pushers * times
    assert all(len(one.done) == times for one in crowd)
    with Store.open(place / "last") as last:
        drained = sync(last, transport_of(last))
        assert ids(last) == made
        sync(last, transport_of(last))
    assert inbox(remote) == []
    for number in range(pushers):
        with Store.open(place / f"pusher{number}") as store:
            assert sync(store, transport_of(store)).tip == drained.tip
    attempts = [synced.attempts for one in crowd for synced in one.done]
    return sum(attempts) / len(attempts)


@pytest.fixture
def crowd(clone: Clone, tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    def make(count: int) -> Path:
        first = clone("first")
        push(first, transport_of(first))
        for name in ("last", *(f"pusher{number}" for number in range(count))):
            clone(name).close()
        return tmp_path

    with ExitStack():
        yield make


def test_a_few_that_push_at_once(crowd: Callable[[int], Path], remote: Path) -> None:
    assert push_at_once(remote, crowd(6), pushers=6, times=2) <= 1.5


@pytest.mark.full
@pytest.mark.timeout(900)
def test_many_that_push_at_once(
    crowd: Callable[[int], Path], remote: Path, record_property: _Report
) -> None:
    average = push_at_once(remote, crowd(16), pushers=16, times=3)
    record_property("pushes sent for one `mlgit push` of 16 at once", round(average, 2))
    assert average < 1.5
