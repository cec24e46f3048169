"""kill -9 at the system calls of push, pull and sync, with something to merge.

Three places in one folder: a hub, and two clones with new runs each. After a kill, whatever is in
each is whole, and the next sync of both brings all of it together with no hand on it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, mlgit, recorded
from tests.support.repos import footprint, git
from tests.support.sweep import KillPoint, sweep

SAMPLES = [2, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(3000)])]
ALL = {"earlier-0", "anns", "bobs"}


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """`hub.git`, `ann` and `bob`: bob has pushed what ann does not know yet."""
    place = tmp_path / "team"
    ann = make_store(place / "ann")
    git(place, "init", "-q", "--bare", "-b", "main", "hub.git", check=True)
    git(ann, "remote", "add", "origin", "../hub.git", check=True)
    git(ann, "push", "-q", "origin", "main", check=True)
    mlgit(ann, "push", "-q")
    git(place, "clone", "-q", "hub.git", "bob", check=True)
    git(place / "bob", "remote", "set-url", "origin", "../hub.git", check=True)
    mlgit(place / "bob", "log-run", "-q", "--name", "bobs", "-m", "acc=0.7")
    mlgit(place / "bob", "push", "-q")
    mlgit(ann, "tag", "-q", "earlier-0", "seen=ann")
    mlgit(ann, "log-run", "-q", "--name", "anns", "-m", "acc=0.8")
    return place


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize(
    ("command", "alone"),
    # A kill of what git started at the other end is a fault of that server, not ours.
    [
        ("push", True),
        ("pull", True),
        ("sync", True),
        pytest.param("pull", False, id="pull-and-git"),
    ],
)
def test_killed_while_sharing(team: Path, command: str, alone: bool, sample: int | None) -> None:
    before = footprint(team / "ann")

    def oracle(place: Path, _: KillPoint) -> None:
        ann, bob, hub = place / "ann", place / "bob", place / "hub.git"
        assert git(hub, "fsck", "--full", "--strict").returncode == 0
        assert {"earlier-0", "anns"} <= _names(ann)
        mlgit(ann, "sync", "-q")
        mlgit(bob, "sync", "-q")
        assert _names(ann) == _names(bob) == ALL
        trees = [git(path, "rev-parse", "mlgit^{tree}", check=True).stdout for path in (ann, hub)]
        assert trees[0] == trees[1]
        assert git(hub, "fsck", "--full", "--strict").returncode == 0
        assert_sound(ann, before)

    argv = [sys.executable, "-m", "mlgit", "-C", "ann", command, "-q"]
    assert sweep(team, argv, oracle, sample=sample, alone=alone)


def _names(path: Path) -> set[object]:
    return {run["name"] for run in recorded(path).values()}
