"""A bare repository that a server gives, clones of it, and what they record."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mlgit.runs import begin
from mlgit.store.store import Store
from tests.support.repos import git, make_repo

BRANCH = "refs/heads/mlgit"
WAYS = ("git", "dulwich")


def make_hub(tmp_path: Path) -> Path:
    """A bare repository with code, alone in its folder."""
    code = make_repo(tmp_path / "code")
    (tmp_path / "served").mkdir()
    hub = tmp_path / "served" / "hub.git"
    git(tmp_path, "clone", "-q", "--bare", str(code), str(hub), check=True)
    return hub


def clone_of(url: str, path: Path) -> Path:
    """A clone that has a store."""
    git(path.parent, "clone", "-q", url, str(path), check=True)
    if git(path, "rev-parse", "-q", "--verify", "origin/mlgit").returncode:
        Store.init(path).store.close()
    return path


def record(store: Store) -> str:
    """The id of a new run."""
    run = begin.start(store, "churn")
    run.log_metric("acc", 0.9)
    run.finish()
    return run.id


def ids(store: Store) -> set[str]:
    """Every run of the branch."""
    snapshot = store.snapshot()
    return {snapshot.run(folder).id for folder in snapshot.run_folders()}


def on_a_terminal(cwd: Path, *args: str) -> tuple[int, str]:
    """`mlgit` with a terminal that it could ask at, and nobody there; its code and all it said."""
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    argv = [sys.executable, "-c", spawn, sys.executable, "-m", "mlgit", *args]
    done = subprocess.run(
        argv,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout
