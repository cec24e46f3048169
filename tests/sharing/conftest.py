"""A remote with code, and clones of it that have a store each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.support.repos import git, make_repo


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with one commit on `main`."""
    code = make_repo(tmp_path / "code")
    path = tmp_path / "remote.git"
    git(tmp_path, "clone", "-q", "--bare", str(code), str(path), check=True)
    return path


@pytest.fixture
def clone(remote: Path, tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """Makes the store of a fresh clone of the remote, by name; every one ends whole."""
    made: list[Path] = []
    with ExitStack() as stack:

        def new(name: str) -> Store:
            path = tmp_path / name
            git(tmp_path, "clone", "-q", str(remote), str(path), check=True)
            made.append(path)
            if git(path, "rev-parse", "-q", "--verify", "origin/mlgit").returncode:
                Store.init(path).store.close()
            return stack.enter_context(Store.open(path))

        yield new
    for path in (*made, remote):
        assert git(path, "fsck", "--full", "--strict").returncode == 0
