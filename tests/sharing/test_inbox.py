"""A push that others beat lands in the remote's inbox, and anybody's next push takes it in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mlgit import times
from mlgit.errors import RemoteFailed
from mlgit.git.transport.protocol import HEADS, INBOX, Pushed, Transport, Update
from mlgit.git.tree import walk
from mlgit.records import text
from mlgit.sharing.crowd import note_race, raced_lately
from mlgit.sharing.plan import Synced
from mlgit.sharing.push import push
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.state import shared_state
from mlgit.sharing.sync import pull, sync
from mlgit.store.store import Store
from tests.sharing.test_sync import Clone, ids, record
from tests.support.repos import git

VERSIONS = "registry/models/churn/versions"


def inbox(remote: Path) -> dict[str, str]:
    said = git(remote, "for-each-ref", "--format=%(refname) %(objectname)", INBOX, check=True)
    return dict(line.split() for line in said.stdout.splitlines())


def share(store: Store) -> Synced:
    return push(store, transport_of(store))


@pytest.fixture
def beaten(monkeypatch: pytest.MonkeyPatch) -> Callable[[Store, Store, int], Synced]:
    """A push of `loser` before which, some times, `winner` is faster."""

    def push_of(loser: Store, winner: Store, rounds: int) -> Synced:
        kind = type(transport_of(loser))
        honest = kind.push
        left = [None] * rounds

        def push(
            self: Transport, updates: Sequence[Update], timeout: float | None = None
        ) -> dict[str, Pushed]:
            if left and any(one.ref.startswith(HEADS) for one in updates):
                left.pop()
                record(winner)
                with monkeypatch.context() as undone:
                    undone.setattr(kind, "push", honest)
                    sync(winner, transport_of(winner))
            return honest(self, updates, timeout)

        with monkeypatch.context() as patch:
            patch.setattr(kind, "push", push)
            return share(loser)

    return push_of


def test_a_push_that_others_beat_twice_is_done(
    clone: Clone, remote: Path, beaten: Callable[[Store, Store, int], Synced]
) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    share(ours)
    sync(theirs, transport_of(theirs))
    mine = record(ours)
    own = ours.branch.tip()
    done = beaten(ours, theirs, 2)
    assert (done.pushed, done.attempts) == (False, 2)
    assert list(inbox(remote)) == [done.inbox]
    assert own is not None
    assert list(inbox(remote).values()) == [own.decode()]
    found = shared_state(ours, transport_of(ours))
    assert (found.ahead, found.waiting) == (0, 1)
    assert mine not in ids(theirs)
    record(theirs)
    taken = sync(theirs, transport_of(theirs))
    assert taken.pushed
    assert mine in ids(theirs)
    assert sync(ours, transport_of(ours)).tip == taken.tip
    assert inbox(remote) == {}
    assert shared_state(ours, transport_of(ours)).waiting == 0


def test_a_pull_takes_in_what_waits(
    clone: Clone, beaten: Callable[[Store, Store, int], Synced]
) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    share(ours)
    sync(theirs, transport_of(theirs))
    mine = record(ours)
    assert beaten(ours, theirs, 2).inbox
    pulled = pull(theirs, transport_of(theirs))
    assert pulled is not None
    assert mine in ids(theirs)


def test_who_raced_a_moment_ago_is_done_with_one_push(
    clone: Clone, beaten: Callable[[Store, Store, int], Synced]
) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    share(ours)
    sync(theirs, transport_of(theirs))
    record(ours)
    assert beaten(ours, theirs, 1).attempts == 2
    mine = record(ours)
    again = beaten(ours, theirs, 1)
    assert (again.attempts, bool(again.inbox)) == (1, True)
    assert share(ours).pushed
    sync(theirs, transport_of(theirs))
    assert mine in ids(theirs)


def test_a_race_is_forgotten_after_some_minutes(clone: Clone) -> None:
    ours = clone("ours")
    with times.pinned(times.Sources(clock=lambda: 1_795_421_691_123)):
        note_race(ours, "origin")
        assert raced_lately(ours, "origin")
        assert not raced_lately(ours, "upstream")
    with times.pinned(times.Sources(clock=lambda: 1_795_421_691_123 + 6 * 60_000)):
        assert not raced_lately(ours, "origin")


def test_where_there_is_no_inbox_it_is_tried_again(
    clone: Clone, remote: Path, beaten: Callable[[Store, Store, int], Synced]
) -> None:
    git(remote, "config", "transfer.hideRefs", "refs/mlgit", check=True)
    ours, theirs = clone("ours"), clone("theirs")
    share(ours)
    sync(theirs, transport_of(theirs))
    mine = record(ours)
    done = beaten(ours, theirs, 3)
    assert (done.pushed, done.attempts, done.inbox) == (True, 4, "")
    sync(theirs, transport_of(theirs))
    assert mine in ids(theirs)


@pytest.mark.parametrize("what", ["main", "main^{tree}", "main:train.py"])
def test_what_is_no_store_stays_in_the_inbox_and_stops_nobody(
    clone: Clone, remote: Path, what: str, beaten: Callable[[Store, Store, int], Synced]
) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    share(ours)
    sync(theirs, transport_of(theirs))
    assert ours.home.work_tree is not None
    bad = f"{INBOX}0-bad"
    oid = git(remote, "rev-parse", what, check=True).stdout.strip()
    git(remote, "update-ref", bad, oid, check=True)
    mine = record(ours)
    assert beaten(ours, theirs, 2).inbox
    taken = sync(theirs, transport_of(theirs))
    assert taken.pulled is not None
    assert taken.pulled.left == (bad,)
    assert mine in ids(theirs)
    assert "train.py" not in theirs.snapshot().names("")
    sync(theirs, transport_of(theirs))
    assert inbox(remote) == {bad: oid}
    record(theirs)
    assert share(theirs).attempts == 1
    assert inbox(remote) == {bad: oid}


def test_what_no_store_may_hold_is_left_out_of_what_the_inbox_holds(
    clone: Clone, remote: Path
) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    made = {record(ours)}
    share(ours)
    sync(theirs, transport_of(theirs))
    made.add(record(theirs))
    place = theirs.home.work_tree
    assert place is not None
    blob = git(place, "rev-parse", "main:train.py", check=True).stdout.strip()
    listing = git(place, "ls-tree", "mlgit", check=True).stdout
    entries = f"{listing}120000 blob {blob}\tlink\n"
    tree = subprocess.run(
        ["git", "mktree"], cwd=place, input=entries, text=True, capture_output=True, check=True
    ).stdout.strip()
    made_of = ("commit-tree", tree, "-p", "mlgit", "-m", "hostile")
    head = git(place, *made_of, check=True).stdout.strip()
    git(place, "push", "-q", "origin", f"{head}:{INBOX}1-hostile", check=True)
    pulled = sync(ours, transport_of(ours)).pulled
    assert pulled is not None
    assert [held.path for held in pulled.held] == ["link"]
    assert ids(ours) == made
    assert "link" not in ours.snapshot().names("")
    sync(ours, transport_of(ours))
    assert inbox(remote) == {}


def test_who_may_not_push_and_has_nothing_new_syncs(
    clone: Clone, remote: Path, beaten: Callable[[Store, Store, int], Synced]
) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    share(ours)
    sync(theirs, transport_of(theirs))
    mine = record(ours)
    assert beaten(ours, theirs, 2).inbox
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert not sync(theirs, transport_of(theirs)).pushed
    assert mine in ids(theirs)
    record(theirs)
    with pytest.raises(RemoteFailed, match="declined"):
        sync(theirs, transport_of(theirs))


def test_a_number_that_landed_stays_though_the_version_came_from_a_colleague(
    clone: Clone,
) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    for store, other in ((ours, theirs), (theirs, ours)):
        here, there = store.home.work_tree, other.home.work_tree
        assert here is not None
        git(here, "remote", "add", "peer", str(there), check=True)
    share(ours)
    sync(theirs, transport_of(theirs))
    register(ours, "a1")
    register(theirs, "b2")
    with Store.open(ours.home.work_tree) as mine:
        pull(mine, transport_of(mine, "peer"))
        assert numbers(mine) == {1: "a1", 2: "b2"}
        assert share(theirs).pushed
        share(mine)
    sync(theirs, transport_of(theirs))
    assert numbers(ours) == numbers(theirs) == {1: "b2", 3: "a1"}


def register(store: Store, uid: str) -> None:
    doc = {"format": 1, "uid": uid, "status": "READY", "created": "2026-11-23T08:14:51.123Z"}
    with store.change("model: registered") as change:
        change.put(f"{VERSIONS}/1.yaml", text.dump(doc))


def numbers(store: Store) -> dict[int, str]:
    snapshot = store.snapshot()
    found = walk(snapshot.objects, snapshot.tree, VERSIONS)
    docs = {path: text.load(snapshot.objects.blob(entry.oid)) for path, entry in found}
    return {
        int(path.rpartition("/")[2].partition(".")[0]): doc["uid"] for path, doc in docs.items()
    }
