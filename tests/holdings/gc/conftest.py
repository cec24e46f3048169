"""A store, and clean-ups of it in a month, when all that is there now is old."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.support.repos import git, make_repo


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store of a fresh repository, which is the current folder."""
    path = make_repo(tmp_path / "project")
    monkeypatch.chdir(path)
    with Store.init(path).store as made:
        yield made
    assert git(path, "fsck", "--full", "--strict").returncode == 0
