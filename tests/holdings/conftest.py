"""A store, and one that is shared through a bare repository and a folder for artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.sharing.conftest import clone, remote
from tests.store.conftest import store

__all__ = ["clone", "remote", "store"]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder that stands for a place that all reach."""
    path = tmp_path / "shelf"
    path.mkdir()
    return path


@pytest.fixture
def reopened() -> Iterator[Callable[[Path], Store]]:
    """Opens the store of a folder as another process would."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(Store.open(path))
