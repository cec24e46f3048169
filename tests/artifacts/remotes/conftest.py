"""One place of each kind for all tests of a worker, and one folder in it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.artifacts.remotes.lfs_model import DATA
from tests.support.clouds import EVERYDAY, SERVERS, There, place
from tests.support.lfs import Lfs, lfs_server

KINDS = [*EVERYDAY, *(pytest.param(kind, marks=pytest.mark.full) for kind in SERVERS)]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of the places of a test."""
    return str(request.param)


@pytest.fixture(scope="module")
def kept(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    """A running place."""
    with place(kind, tmp_path_factory.mktemp(kind)) as there:
        yield there


@pytest.fixture
def there(kept: There, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> There:
    """An empty place, and the environment that it needs."""
    for name, value in kept.env.items():
        monkeypatch.setenv(name, value)
    return kept.below(f"{crc32(request.node.nodeid.encode()):x} ä")


@pytest.fixture
def lfs() -> Iterator[Lfs]:
    """A server of an LFS store."""
    with lfs_server() as served:
        yield served


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The model that is sent to it."""
    path = tmp_path / "model.bin"
    path.write_bytes(DATA)
    return path
