"""A repository with a store, and what must hold after every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.store.records import START, a_run, published
from tests.support.repos import footprint, make_repo


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    """The store of `repo`; whatever a test writes, work tree, index, HEAD and config stay."""
    before = footprint(repo)
    with Store.init().store as opened:
        yield opened
    assert footprint(repo) == before


IDS = ["9f3c000000000001", "9f3d000000000002", "aaaa000000000003"]


@pytest.fixture
def runs(store: Store) -> list[str]:
    """Folders of three runs on three days."""
    return publish_three(store)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A repository with three runs that a test may spoil: nobody asks git about it afterwards."""
    path = make_repo(tmp_path / "hostile")
    with Store.init(path).store as opened:
        publish_three(opened)
    return path


def publish_three(store: Store) -> list[str]:
    made = [a_run(run_id, start=START + day * 86_400_000) for day, run_id in enumerate(IDS)]
    return [published(store, run) for run in made]
