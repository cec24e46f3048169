"""Cleaning up a remote that others may use, too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mlgit.artifacts.remote import SharedRemote
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.errors import RemoteFailed, Unsupported
from mlgit.holdings.gc.clean import Cleaned, clean_remote
from mlgit.holdings.gc.leases import announce
from mlgit.holdings.gc.plan import DAY, Wish
from mlgit.holdings.named import named_by
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.store import Store
from tests.holdings.gc.kit import AROUND, cache, record
from tests.support.repos import git, make_repo

Clone = Callable[[str], Store]


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A bare repository with one commit on `main`."""
    path = tmp_path / "hub.git"
    git(tmp_path, "clone", "-q", "--bare", str(make_repo(tmp_path / "code")), str(path), check=True)
    return path


@pytest.fixture
def clone(hub: Path, tmp_path: Path) -> Iterator[Clone]:
    """Makes the store of a fresh clone, by name."""
    with ExitStack() as stack:

        def new(name: str) -> Store:
            path = tmp_path / name
            git(tmp_path, "clone", "-q", str(hub), str(path), check=True)
            if git(path, "rev-parse", "-q", "--verify", "origin/mlgit").returncode:
                Store.init(path).store.close()
            return stack.enter_context(Store.open(path))

        yield new


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "bucket"
    path.mkdir()
    return path


@pytest.fixture
def remote(place: Path) -> SharedRemote:
    return open_remote("main", place.as_uri())


def share(store: Store, remote: SharedRemote) -> None:
    """What `mlgit push` does: leave word, bytes, then the ref."""
    announce(store, remote)  # type: ignore[arg-type]
    for digest in named_by(store):
        if cache(store).has(digest):
            remote.put(digest, cache(store).path(digest))
    sync(store, transport_of(store))


def put(remote: SharedRemote, store: Store) -> str:
    """Bytes on the remote that nothing names."""
    digest, _ = cache(store).put_bytes(os.urandom(1000))
    remote.put(digest, cache(store).path(digest))
    return digest


def age(place: Path, days: float = 30) -> None:
    """All that is there was put there so long ago."""
    then = time.time() - days * DAY
    for path in place.rglob("*"):
        os.utime(path, (then, then))


def clean(
    store: Store,
    remote: SharedRemote,
    *,
    delete: bool = True,
    ignored: tuple[str, ...] = (),
) -> Cleaned:
    wish = Wish(time.time())
    return clean_remote(store, remote, AROUND, wish, delete=delete, ignored=ignored)


def test_two_steps_on_a_remote(clone: Clone, remote: SharedRemote, place: Path) -> None:
    ours = clone("ours")
    _, kept = record(ours)
    share(ours, remote)
    digest = put(remote, ours)
    assert [one.sha256 for one in clean(ours, remote).plan.young] == [digest]
    age(place)
    found = clean(ours, remote, delete=False)
    assert [one.sha256 for one in found.plan.unnamed] == [digest]
    assert remote.has(digest)
    clean(ours, remote)
    assert not remote.has(digest)
    (day,) = (place / "trash").iterdir()
    day.rename(day.with_name("2020-01-01"))
    done = clean(ours, remote).done
    assert done is not None
    assert [one.sha256 for one in done.removed] == [digest]
    assert not [path for path in (place / "trash").rglob("*") if path.is_file()]
    assert remote.verify(kept)


def test_runs_of_others_are_fetched_first(clone: Clone, remote: SharedRemote, place: Path) -> None:
    ours = clone("ours")
    record(ours)
    share(ours, remote)
    theirs = clone("theirs")
    _, digest = record(theirs)
    share(theirs, remote)
    age(place)
    clean(ours, remote)
    assert remote.verify(digest)


def test_bytes_whose_run_is_not_pushed_yet_stop_it(
    clone: Clone, remote: SharedRemote, place: Path
) -> None:
    ours = clone("ours")
    record(ours)
    share(ours, remote)
    theirs = clone("theirs")
    _, digest = record(theirs)
    announce(theirs, remote)  # type: ignore[arg-type]
    remote.put(digest, cache(theirs).path(digest))
    age(place)
    with pytest.raises(Unsupported, match="Ada Tester") as told:
        clean(ours, remote)
    assert theirs.writer in told.value.hint
    assert remote.has(digest)
    share(theirs, remote)
    age(place)
    clean(ours, remote)
    assert remote.verify(digest)
    gone = clone("gone")
    record(gone)
    announce(gone, remote)  # type: ignore[arg-type]
    clean(ours, remote, ignored=(gone.writer,))
    assert remote.verify(digest)


def test_the_bucket_of_another_store_is_left_alone(
    clone: Clone, remote: SharedRemote, place: Path
) -> None:
    ours = clone("ours")
    record(ours)
    digest = put(remote, ours)
    age(place)
    for _ in range(2):
        with pytest.raises(Unsupported, match="none is of this store"):
            clean(ours, remote)
    (place / "roots").mkdir()
    (place / "roots" / "0123456789ab.json").write_text("not what mlgit writes")
    with pytest.raises(Unsupported, match="cannot be read"):
        clean(ours, remote)
    assert remote.has(digest)


def test_an_empty_listing_is_a_doubt(clone: Clone, remote: SharedRemote) -> None:
    ours = clone("ours")
    record(ours)
    with pytest.raises(Unsupported, match="lists nothing"):
        clean(ours, remote)


def test_a_git_remote_that_does_not_answer_is_a_doubt(
    clone: Clone, remote: SharedRemote, hub: Path
) -> None:
    ours = clone("ours")
    record(ours)
    share(ours, remote)
    hub.rename(hub.with_name("elsewhere.git"))
    with pytest.raises(RemoteFailed):
        clean(ours, remote)
    hub.with_name("elsewhere.git").rename(hub)


def test_a_proposal_that_was_not_fetched_is_a_doubt(
    clone: Clone, remote: SharedRemote, place: Path
) -> None:
    ours = clone("ours")
    record(ours)
    share(ours, remote)
    theirs = clone("theirs")
    _, digest = record(theirs)
    announce(ours, remote)  # type: ignore[arg-type]
    remote.put(digest, cache(theirs).path(digest))
    there = theirs.repository.work_tree
    assert there is not None
    proposal = "mlgit:refs/heads/mlgit-promote/churn/production/v5"
    git(there, "push", "-q", "origin", proposal, check=True)
    age(place)
    with pytest.raises(Unsupported, match="mlgit-promote"):
        clean(ours, remote)
    here = ours.repository.work_tree
    assert here is not None
    git(here, "fetch", "-q", "origin", check=True)
    ours.repository.objects.forget()
    clean(ours, remote)
    assert remote.verify(digest)


def test_what_was_put_aside_comes_back_when_it_is_named(
    clone: Clone, remote: SharedRemote, place: Path
) -> None:
    ours, digest = clone("ours"), ""
    record(ours)
    share(ours, remote)
    _, digest = record(ours)
    remote.put(digest, cache(ours).path(digest))
    other = clone("other")  # knows nothing of that run
    age(place)
    clean(other, remote)
    assert not remote.has(digest)
    sync(ours, transport_of(ours))
    done = clean(other, remote).done
    assert done is not None
    assert [one.sha256 for one in done.back] == [digest]
    assert remote.verify(digest)
