"""A repository somebody else prepared: reading and writing its store runs nothing of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.store.check.check import check
from mlgit.store.doctor.doctor import diagnose
from mlgit.store.store import Store
from tests.store.records import a_run, published
from tests.support.repos import footprint, git
from tests.support.tripwire import plant

_ORIGIN = """
[remote "origin"]
\turl = ext::{trip}
\tfetch = +refs/heads/*:refs/remotes/origin/*
\tuploadpack = {trip}
"""


@pytest.fixture
def tripwired(hostile: Path, tmp_path: Path) -> Path:
    """A repository whose config and hooks all leave a mark when they run."""
    plant(hostile, tmp_path, _ORIGIN)
    return hostile


def test_nothing_that_the_repository_names_is_run(tripwired: Path, tmp_path: Path) -> None:
    before = footprint(tripwired)
    with Store.open(tripwired) as store:
        folders = list(store.snapshot().run_folders())
        assert store.snapshot().run(folders[0]).name
        assert check(store.snapshot(), deep=True) == []
        assert diagnose(store, deep=True)
        for number in range(30):
            published(store, a_run(f"{number:016x}"))
        store.edit_run(folders[0], lambda run: run.with_tag("a", "b"), "tag: a=b")
        assert Store.init(tripwired).what == "present"
    assert not (tmp_path / "tripped").exists()
    assert footprint(tripwired) == before
    git(tripwired, "commit", "-q", "--allow-empty", "-m", "x")
    assert (tmp_path / "tripped").exists(), "the wires are live"


def test_reading_writes_nothing_at_all(tripwired: Path) -> None:
    def everything() -> dict[Path, int]:
        return {path: path.lstat().st_mtime_ns for path in tripwired.rglob("*")}

    before = everything()
    with Store.open(tripwired) as store:
        snapshot = store.snapshot()
        for folder in snapshot.run_folders():
            snapshot.run(folder)
            snapshot.points(folder)
        check(snapshot, deep=True)
        diagnose(store, deep=True)
    assert everything() == before
