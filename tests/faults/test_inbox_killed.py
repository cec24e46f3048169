"""kill -9 at the system calls of a push that takes an inbox in, and puts its own work there.

Carol's run is only in the hub's inbox. Whatever becomes of ann's push, nobody needs ann or carol to
get it, and the inbox is empty in the end.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, mlgit, recorded
from tests.support.repos import footprint, git
from tests.support.sweep import KillPoint, sweep

SAMPLES = [3, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(3000)])]
ALL = {"earlier-0", "anns", "bobs", "carols"}
INBOX = "refs/mlgit/inbox"


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """`hub.git`, `ann` and `bob`: ann was beaten at the branch a moment ago."""
    place = tmp_path / "team"
    ann = make_store(place / "ann")
    git(place, "init", "-q", "--bare", "-b", "main", "hub.git", check=True)
    git(ann, "remote", "add", "origin", "../hub.git", check=True)
    git(ann, "push", "-q", "origin", "main", check=True)
    mlgit(ann, "push", "-q")
    git(ann, "push", "-q", "origin", f"mlgit:{INBOX}/landed", check=True)
    for name in ("bob", "carol"):
        git(place, "clone", "-q", "hub.git", name, check=True)
        git(place / name, "remote", "set-url", "origin", "../hub.git", check=True)
        mlgit(place / name, "log-run", "-q", "--name", f"{name}s", "-m", "acc=0.7")
    mlgit(place / "bob", "push", "-q")
    git(place / "carol", "push", "-q", "origin", f"mlgit:{INBOX}/carols", check=True)
    mlgit(ann, "log-run", "-q", "--name", "anns", "-m", "acc=0.8")
    races = ann / ".git" / "mlgit" / "cache" / "races.txt"
    races.write_text(f"{time.time_ns() // 1_000_000} origin\n")
    return place


@pytest.mark.parametrize("sample", SAMPLES)
def test_killed_while_the_inbox_is_taken_in(team: Path, sample: int | None) -> None:
    before = footprint(team / "ann")

    def oracle(place: Path, _: KillPoint) -> None:
        ann, bob, hub = place / "ann", place / "bob", place / "hub.git"
        assert {"earlier-0", "anns"} <= _names(ann)
        mlgit(bob, "sync", "-q")
        assert ALL - {"anns"} <= _names(bob)
        for clone in (ann, bob, ann):
            mlgit(clone, "sync", "-q")
        assert _names(ann) == _names(bob) == ALL
        assert git(hub, "for-each-ref", INBOX, check=True).stdout == ""
        trees = [git(path, "rev-parse", "mlgit^{tree}", check=True).stdout for path in (ann, hub)]
        assert trees[0] == trees[1]
        assert git(hub, "fsck", "--full", "--strict").returncode == 0
        assert_sound(ann, before)

    argv = [sys.executable, "-m", "mlgit", "-C", "ann", "push", "-q"]
    assert sweep(team, argv, oracle, sample=sample, alone=True)


def _names(path: Path) -> set[object]:
    return {run["name"] for run in recorded(path).values()}
