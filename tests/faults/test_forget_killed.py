"""kill -9 at the system calls of forget, of bringing the new epoch to others, and of taking it in.

Afterwards a store is in the old epoch or in the new one with nothing lost, and when the command was
given again what had to go is gone from every clone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, mlgit, recorded
from tests.support.repos import footprint, git
from tests.support.sweep import KillPoint, sweep

SAMPLES = [2, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(6000)])]
SECRET = "hunter2-9f3c1e7a5b"
FORGET = ("forget", "earlier-0", "--yes", "-q")


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """`hub.git`, `ann` and `bob`, each with a run of their own; one that all have must go."""
    place = tmp_path / "team"
    ann = make_store(place / "ann")
    git(place, "init", "-q", "--bare", "-b", "main", "hub.git", check=True)
    git(ann, "remote", "add", "origin", "../hub.git", check=True)
    git(ann, "push", "-q", "origin", "main", check=True)
    mlgit(ann, "tag", "-q", "earlier-0", f"pass={SECRET}")
    mlgit(ann, "push", "-q")
    git(place, "clone", "-q", "hub.git", "bob", check=True)
    git(place / "bob", "remote", "set-url", "origin", "../hub.git", check=True)
    mlgit(place / "bob", "log-run", "-q", "--name", "bobs", "-m", "acc=0.7")
    mlgit(ann, "log-run", "-q", "--name", "anns", "-m", "acc=0.8")
    return place


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize(
    ("who", "command"), [("ann", FORGET), ("ann", ("sync",)), ("bob", ("pull",))]
)
def test_killed_while_forgetting(
    team: Path, who: str, command: tuple[str, ...], sample: int | None
) -> None:
    if command != FORGET:
        mlgit(team / "ann", *FORGET)
    if who == "bob":
        mlgit(team / "ann", "sync", "-q")
    before = footprint(team / who)

    def oracle(place: Path, _: KillPoint) -> None:
        ann, bob, hub = place / "ann", place / "bob", place / "hub.git"
        assert _names(ann) - {"bobs"} in ({"earlier-0", "anns"}, {"anns"})
        assert "bobs" in _names(bob)
        mlgit(ann, *FORGET, check=False)  # 3 where that is done already
        for path in (ann, bob, ann):
            mlgit(path, "sync", "-q")
        assert _names(ann) == _names(bob) == {"anns", "bobs"}
        assert_sound(place / who, before)
        for path in (ann, bob, hub):
            assert git(path, "fsck", "--full", "--strict").returncode == 0
            assert not _is_anywhere(path)

    argv = [sys.executable, "-m", "mlgit", "-C", who, *command]
    assert sweep(team, argv, oracle, sample=sample, alone=True)


def _names(path: Path) -> set[object]:
    return {run["name"] for run in recorded(path).values()}


def _is_anywhere(path: Path) -> bool:
    git(path, "gc", "-q", "--prune=now", check=True)
    objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
    found = subprocess.run(objects, cwd=path, capture_output=True, check=True).stdout
    beside = [file for file in path.rglob("mlgit/**/*") if file.is_file()]
    return any(SECRET.encode() in data for data in (found, *(f.read_bytes() for f in beside)))
