"""A commit killed at any moment: nothing is lost, nothing is blocked, nothing else is touched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.repository import Repository
from tests.support.repos import footprint, git, make_repo
from tests.support.sweep import KillPoint, sweep

PUBLISH = """
from mlgit.git.branch import Branch
from mlgit.git.item import Item
from mlgit.git.queue import publish
from mlgit.git.repository import Repository
with Repository.discover() as repository:
    item = Item("runs/churn/2026-11-23/4/081451-0a", {"run.yaml": b"id: 0a\\n"}, "run: a (churn)")
    publish(Branch(repository), item)
"""


def commit(path: Path, files: dict[str, bytes]) -> bytes:
    with Repository.discover(path) as repository, writer_lock(repository.state_dir):
        return Branch(repository).commit(files, "a change")


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    path = make_repo(tmp_path / "prepared")
    commit(path, {"mlgit.yaml": b"format: 1\n", "runs/churn/experiment.yaml": b"name: churn\n"})
    return path


class Oracle:
    """What must hold after every kill."""

    def __init__(self, prepared: Path) -> None:
        self.footprint = footprint(prepared)
        self.first = git(prepared, "rev-parse", "mlgit").stdout.strip()
        self.landed = 0

    def __call__(self, place: Path, point: KillPoint) -> None:
        assert point.number
        self.assert_sound(place)
        names = git(place, "ls-tree", "-r", "--name-only", "mlgit", check=True).stdout.split()
        self.landed += "runs/churn/2026-11-23/4/081451-0a/run.yaml" in names
        commit(place, {"runs/churn/next.yaml": b"after the fault\n"})
        self.assert_sound(place)
        assert not list((place / ".git").rglob("*.lock")) or _only_ours(place)
        assert not list((place / ".git/objects/pack").glob("*.keep"))
        assert not list((place / ".git/objects/pack").glob("[.t]*"))

    def assert_sound(self, place: Path) -> None:
        fsck = git(place, "fsck", "--full", "--strict")
        assert fsck.returncode == 0, fsck.stderr
        assert git(place, "merge-base", "--is-ancestor", self.first, "mlgit").returncode == 0
        assert footprint(place) == self.footprint
        assert git(place, "--no-optional-locks", "status", "--porcelain").stdout == ""


def _only_ours(place: Path) -> bool:
    return list((place / ".git").rglob("*.lock")) == [place / ".git/mlgit/writer.lock"]


def test_a_publication_killed_at_some_calls(prepared: Path) -> None:
    oracle = Oracle(prepared)
    assert sweep(prepared, [sys.executable, "-c", PUBLISH], oracle, sample=8) == 8


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_publication_killed_at_every_call(prepared: Path) -> None:
    oracle = Oracle(prepared)
    killed = sweep(prepared, [sys.executable, "-c", PUBLISH], oracle)
    assert killed > 20
    assert 0 < oracle.landed < killed
