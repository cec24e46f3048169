"""What must hold after a fault: git sound, nothing acknowledged lost, the next command works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.repos import footprint, git, make_repo


def mlgit(path: Path, *args: str, check: bool = True, timeout: float = 120) -> str:
    """Run `mlgit` as its own process in `path`; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "mlgit", *args],
        cwd=path,
        text=True,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    if check:
        assert done.returncode == 0, f"mlgit {' '.join(args)}: {done.returncode}\n{done.stderr}"
    return done.stdout


def python(path: Path, program: str, *args: str) -> subprocess.Popen[str]:
    """Start a Python program in `path`; standard output is what it acknowledges, a line each."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", program, *args],
        cwd=path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def make_store(path: Path, runs: int = 1) -> Path:
    """A repository with a store and some runs."""
    make_repo(path)
    mlgit(path, "init")
    for number in range(runs):
        mlgit(path, "log-run", "--metric", f"acc=0.{number}", "--name", f"earlier-{number}")
    return path


def recorded(path: Path) -> dict[str, dict[str, object]]:
    """Every run that `mlgit runs` lists, by id, after whatever recovery it does by itself."""
    listed = json.loads(mlgit(path, "runs", "--all", "--json"))
    return {run["id"]: run for run in listed}


def assert_sound(path: Path, before: dict[str, str], acknowledged: Sequence[str] = ()) -> None:
    """The whole oracle: repository, the user's files, acknowledged runs, and a next write."""
    fsck = git(path, "fsck", "--full", "--strict")
    assert fsck.returncode == 0, fsck.stdout + fsck.stderr
    listed = recorded(path)
    assert set(acknowledged) <= set(listed)
    added = mlgit(path, "log-run", "--metric", "acc=0.5", "--name", "after-the-fault").strip()
    assert added in recorded(path)
    assert git(path, "fsck", "--full", "--strict").returncode == 0
    assert footprint(path) == before
