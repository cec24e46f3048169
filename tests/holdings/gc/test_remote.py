"""Cleaning up a remote of any kind that others may use, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import RemoteFailed, Unsupported
from mlgit.holdings.gc.leases import announce
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.store import Store
from tests.holdings.gc.kit import cache, record
from tests.holdings.gc.sharing import Aged, Clone, clean, digests, expire, put, send, share
from tests.support.repos import git


def _top(store: Store) -> Path:
    assert store.repository.work_tree is not None
    return store.repository.work_tree


def test_two_steps_on_a_remote(ours: Store, remote: Aged) -> None:
    _, kept = record(ours)
    share(ours, remote)
    digest = put(remote, ours)
    assert digests(clean(ours, remote).plan.young) == [digest]
    remote.age()
    assert digests(clean(ours, remote, delete=False).plan.unnamed) == [digest]
    assert remote.has(digest)
    clean(ours, remote)
    assert not remote.has(digest)
    assert digests(clean(ours, remote).plan.waiting) == [digest]
    expire(remote)
    done = clean(ours, remote).done
    assert done is not None
    assert digests(done.removed) == [digest]
    assert not list(remote.keys("trash"))
    assert remote.verify(kept)


def test_files_that_are_no_objects_are_nobodys_to_remove(ours: Store, remote: Aged) -> None:
    names = ["sha256/zz/zz/note.txt", f"sha256/00/11/{'0' * 64}", "bundles/note.zip", "other"]
    for name in names:
        remote.write(name, b"not an object")
    remote.age()
    clean(ours, remote)
    assert [remote.read(name) for name in names] == [b"not an object"] * len(names)
    assert not list(remote.keys("trash"))


def test_runs_of_others_are_fetched_first(ours: Store, clone: Clone, remote: Aged) -> None:
    theirs = clone("theirs")
    _, digest = record(theirs)
    share(theirs, remote)
    remote.age()
    clean(ours, remote)
    assert remote.verify(digest)


def test_bytes_whose_run_is_not_pushed_yet_stop_it(ours: Store, clone: Clone, remote: Aged) -> None:
    theirs = clone("theirs")
    _, digest = record(theirs)
    send(theirs, remote, digest)
    remote.age()
    with pytest.raises(Unsupported, match="Ada Tester") as told:
        clean(ours, remote)
    assert theirs.writer in told.value.hint
    assert remote.has(digest)
    share(theirs, remote)
    remote.age()
    clean(ours, remote)
    assert remote.verify(digest)
    gone = clone("gone")
    record(gone)
    announce(gone, remote)
    clean(ours, remote, ignored=(gone.writer,))
    assert remote.verify(digest)


def test_the_bucket_of_another_store_is_left_alone(clone: Clone, remote: Aged) -> None:
    ours = clone("ours")
    record(ours)
    digest = put(remote, ours)
    remote.age()
    for _ in range(2):
        with pytest.raises(Unsupported, match="none is of this store"):
            clean(ours, remote)
    remote.write("roots/0123456789ab.json", b"not what mlgit writes")
    with pytest.raises(Unsupported, match="cannot be read"):
        clean(ours, remote)
    assert remote.has(digest)


def test_an_empty_listing_is_a_doubt(clone: Clone, remote: Aged) -> None:
    ours = clone("ours")
    record(ours)
    with pytest.raises(Unsupported, match="lists nothing"):
        clean(ours, remote)


def test_a_git_remote_that_does_not_answer_is_a_doubt(ours: Store, remote: Aged, hub: Path) -> None:
    hub.rename(hub.with_name("elsewhere.git"))
    with pytest.raises(RemoteFailed):
        clean(ours, remote)
    hub.with_name("elsewhere.git").rename(hub)


def test_a_proposal_that_was_not_fetched_is_a_doubt(
    ours: Store, clone: Clone, remote: Aged
) -> None:
    theirs = clone("theirs")
    _, digest = record(theirs)
    remote.put(digest, cache(theirs).path(digest))
    proposal = "mlgit:refs/heads/mlgit-promote/churn/production/v5"
    git(_top(theirs), "push", "-q", "origin", proposal, check=True)
    remote.age()
    with pytest.raises(Unsupported, match="mlgit-promote"):
        clean(ours, remote)
    git(_top(ours), "fetch", "-q", "origin", check=True)
    ours.repository.objects.forget()
    clean(ours, remote)
    assert remote.verify(digest)


def test_what_somebody_found_meanwhile_comes_back(
    ours: Store, clone: Clone, remote: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, theirs = put(remote, ours), clone("theirs")
    record(theirs, cache(ours).path(dead).read_bytes() * 200)
    remote.age()
    move = remote.move

    def visited(old: str, new: str) -> None:
        announce(theirs, remote)  # and then it finds what it is about to push
        move(old, new)

    monkeypatch.setattr(remote, "move", visited)
    done = clean(ours, remote).done
    assert done is not None
    assert (digests(done.aside), digests(done.back)) == ([], [dead])
    assert remote.verify(dead)


def test_what_was_put_aside_comes_back_when_it_is_named(
    ours: Store, clone: Clone, remote: Aged
) -> None:
    other = clone("other")  # knows nothing of the run that comes
    _, digest = record(ours)
    remote.put(digest, cache(ours).path(digest))
    remote.age()
    clean(other, remote)
    assert not remote.has(digest)
    sync(ours, transport_of(ours))
    done = clean(other, remote).done
    assert done is not None
    assert digests(done.back) == [digest]
    assert remote.verify(digest)
