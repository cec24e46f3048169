"""kill -9 during an upload and a download: nothing half-written counts, the next call completes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.upload import upload
from mlgit.artifacts.transfer.values import Wanted
from tests.support.sweep import KillPoint, sweep

SAMPLES = [3, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(3000)])]
_BEGIN = """
import sys
from pathlib import Path
from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.upload import upload
from mlgit.artifacts.transfer.values import Wanted
here = Path.cwd()
remote = open_remote("main", f"{here}/remote")
wanted = [Wanted(name, int(size)) for name, size in (word.split(":") for word in sys.argv[1:])]
"""
_UPLOAD = 'assert upload(wanted, ObjectCache(here / "a"), remote, workers=1).complete'
_DOWNLOAD = 'assert download(wanted, [remote], ObjectCache(here / "b"), workers=1).complete'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A clone `a` with objects, an empty clone `b`, and the folder `remote` that they share."""
    made = tmp_path / "team"
    (made / "remote").mkdir(parents=True)
    return made


@pytest.fixture
def wanted(place: Path) -> list[Wanted]:
    kept, random = ObjectCache(place / "a"), Random(7)
    return [Wanted(*kept.put_bytes(random.randbytes(size))) for size in (10, 3_000_000)]


def command(step: str, wanted: list[Wanted]) -> list[str]:
    words = [f"{one.sha256}:{one.size}" for one in wanted]
    return [sys.executable, "-c", _BEGIN + step, *words]


def wrong(root: Path) -> Iterator[Path]:
    """Files below `sha256/` whose bytes are not those they are named for."""
    for path in (root / "sha256").rglob("*"):
        if path.is_file() and sha256(path.read_bytes()).hexdigest() != path.name:
            yield path


@pytest.mark.parametrize("sample", SAMPLES)
def test_killed_during_an_upload(place: Path, wanted: list[Wanted], sample: int | None) -> None:
    def oracle(copy: Path, _: KillPoint) -> None:
        assert not list(wrong(copy / "remote"))
        remote = open_remote("main", str(copy / "remote"))
        assert upload(wanted, ObjectCache(copy / "a"), remote).complete
        assert all(remote.verify(one.sha256) for one in wanted)

    assert sweep(place, command(_UPLOAD, wanted), oracle, sample=sample)


@pytest.mark.parametrize("sample", SAMPLES)
def test_killed_during_a_download(place: Path, wanted: list[Wanted], sample: int | None) -> None:
    shared = open_remote("main", str(place / "remote"))
    assert upload(wanted, ObjectCache(place / "a"), shared).complete

    def oracle(copy: Path, _: KillPoint) -> None:
        assert not list(wrong(copy / "b"))
        remote, here = open_remote("main", str(copy / "remote")), ObjectCache(copy / "b")
        assert download(wanted, [remote], here).complete
        assert all(here.verify(one.sha256) for one in wanted)
        assert list((here.root / "tmp").iterdir()) == []

    assert sweep(place, command(_DOWNLOAD, wanted), oracle, sample=sample)
