"""A store with a few runs, and an index of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.search.index import Index
from mlgit.store.store import Store
from tests.support.repos import footprint


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    """The store of `repo`; searching leaves the user's files as they were."""
    before = footprint(repo)
    with Store.init().store as opened:
        yield opened
    assert footprint(repo) == before


@pytest.fixture
def index(store: Store) -> Iterator[Index]:
    with Index(store) as made:
        yield made
