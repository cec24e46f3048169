"""A repository with a store, and what must hold after every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.support.repos import footprint


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    """The store of `repo`; whatever a test writes, work tree, index, HEAD and config stay."""
    before = footprint(repo)
    with Store.init().store as opened:
        yield opened
    assert footprint(repo) == before
