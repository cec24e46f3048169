"""kill -9 at the system calls of a promotion: proposed, approved, landed, with a hub in between.

After a kill, whatever is in each place is whole; the same command again, or the next one, does the
rest, and the alias is where it was or where it should be.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, mlgit
from tests.support.repos import footprint, git
from tests.support.sweep import KillPoint, sweep

SAMPLES = [2, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(3000)])]
GATE = b"""\
models:
  churn:
    aliases:
      production:
        approvals:
          count: 1
"""
_SHOW = ("model", "show", "churn@production", "--format", "{version}")


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """`hub.git` and `ann`, whose versions 1 and 2 have landed; 1 is in production."""
    place = tmp_path / "team"
    ann = make_store(place / "ann")
    git(place, "init", "-q", "--bare", "-b", "main", "hub.git", check=True)
    git(ann, "remote", "add", "origin", "../hub.git", check=True)
    git(ann, "push", "-q", "origin", "main", check=True)
    (ann / "weights").write_text("weights")
    for name in ("one", "two"):
        mlgit(ann, "log-run", "-q", "--name", name, "-m", "acc=0.9", "-a", "weights")
        mlgit(ann, "register", "-q", name, "churn")
    (ann / "weights").unlink()
    mlgit(ann, "promote", "-q", "churn@1", "--to", "production")
    mlgit(ann, "push", "-q")
    return place


@pytest.mark.parametrize("sample", SAMPLES)
def test_killed_while_promoting_at_once(team: Path, sample: int | None) -> None:
    before = footprint(team / "ann")
    command = ("promote", "-q", "churn@2", "--to", "production", "--land")

    def oracle(place: Path, _: KillPoint) -> None:
        ann = place / "ann"
        if mlgit(ann, *_SHOW).strip() != "2":
            mlgit(ann, *command)
        assert mlgit(ann, *_SHOW).strip() == "2"
        assert_sound(ann, before)

    argv = [sys.executable, "-m", "mlgit", "-C", "ann", *command]
    assert sweep(team, argv, oracle, sample=sample, alone=True)


@pytest.mark.parametrize("sample", SAMPLES)
def test_killed_while_proposing(team: Path, sample: int | None) -> None:
    before = footprint(team / "ann")
    command = ("promote", "-q", "churn@2", "--to", "production", "--propose")

    def oracle(place: Path, _: KillPoint) -> None:
        ann = place / "ann"
        mlgit(ann, *command)
        mlgit(ann, "land", "-q", "churn/production")
        mlgit(ann, "pull", "-q")
        assert mlgit(ann, *_SHOW).strip() == "2"
        assert git(place / "hub.git", "fsck", "--full", "--strict").returncode == 0
        assert_sound(ann, before)

    argv = [sys.executable, "-m", "mlgit", "-C", "ann", *command]
    assert sweep(team, argv, oracle, sample=sample, alone=True)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("command", ["approve", "land"])
def test_killed_while_deciding(team: Path, command: str, sample: int | None) -> None:
    ann = team / "ann"
    if command == "approve":
        argv = [sys.executable, "-m", "mlgit", "-C", str(ann), "policy", "-q", "-"]
        subprocess.run(argv, input=GATE, check=True, capture_output=True)
        mlgit(ann, "push", "-q")
    before = footprint(ann)
    mlgit(ann, "promote", "-q", "churn@2", "--to", "production", "--propose")

    def oracle(place: Path, _: KillPoint) -> None:
        ann, hub = place / "ann", place / "hub.git"
        mlgit(ann, "pull", "-q")
        if command == "approve":
            mlgit(ann, "approve", "-q", "churn/production")
        if mlgit(ann, "proposals", "--format", "{proposal}").strip():  # also one that has landed
            mlgit(ann, "land", "-q", "churn/production")
            mlgit(ann, "pull", "-q")
        assert mlgit(ann, *_SHOW).strip() == "2"
        assert git(hub, "fsck", "--full", "--strict").returncode == 0
        assert_sound(ann, before)

    argv = [sys.executable, "-m", "mlgit", "-C", "ann", command, "-q", "churn/production"]
    assert sweep(team, argv, oracle, sample=sample, alone=True)
