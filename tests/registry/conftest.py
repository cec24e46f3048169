"""A store for the tests of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.runs import capture
from mlgit.store.store import Store


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    """The new store of a repository with one commit; the current directory is its work tree."""
    capture.forget()
    Store.init(repo)
    with Store.open(repo) as opened:
        yield opened
