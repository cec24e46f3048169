"""A store, clones of a hub, and a remote of each kind that they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.store.store import Store
from tests.artifacts.remotes.conftest import kept, there
from tests.holdings.gc.kit import record
from tests.holdings.gc.sharing import Aged, Clone, share
from tests.support.clouds import SERVERS, There
from tests.support.repos import git, make_repo

__all__ = ["kept", "there"]

_KINDS = ["local", "memory", *(pytest.param(kind, marks=pytest.mark.full) for kind in SERVERS)]


@pytest.fixture(scope="module", params=_KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of the places of a test: those that can be cleaned up."""
    return str(request.param)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store of a fresh repository, which is the current folder."""
    path = make_repo(tmp_path / "project")
    monkeypatch.chdir(path)
    with Store.init(path).store as made:
        yield made
    assert git(path, "fsck", "--full", "--strict").returncode == 0


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
def remote(there: There) -> Aged:
    """An empty remote of one of the kinds."""
    made = open_remote("main", there.url)
    assert isinstance(made, FsspecRemote)
    return Aged(made)


@pytest.fixture
def ours(clone: Clone, remote: Aged) -> Store:
    """A clone whose one run is shared."""
    store = clone("ours")
    record(store)
    share(store, remote)
    return store
