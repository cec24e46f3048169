"""A store to record into, and a process that has forgotten earlier tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.api import context
from mlgit.store.store import Store


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """As a process just started: no active run, no chosen experiment, no chosen store."""
    yield
    context.forget()


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    """The store of the repository that is the current directory."""
    with Store.init(repo).store as made:
        yield made
