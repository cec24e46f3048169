"""A server that judges pushes, people with clones of it, and what they try."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mlgit.runs import begin
from mlgit.serverhooks import init_server
from mlgit.store.locate import locate
from mlgit.store.store import Store
from tests.store import plant
from tests.support.repos import git, make_repo


class Pushed(NamedTuple):
    """What became of a `git push`."""

    code: int
    said: str


def make_server(tmp_path: Path) -> Path:
    """A guarded bare repository that has code and the store of its first user."""
    (tmp_path / "served").mkdir()
    hub = init_server(tmp_path / "served" / "hub.git")
    code = make_repo(tmp_path / "code")
    git(code, "push", "-q", str(hub), "main", check=True)
    return hub


def clone(url: str, path: Path) -> Store:
    """A clone, which has a store."""
    git(path.parent, "clone", "-q", url, str(path), check=True)
    if git(path, "rev-parse", "-q", "--verify", "origin/mlgit").returncode:
        Store.init(path).store.close()
    elif git(path, "rev-parse", "-q", "--verify", "mlgit").returncode:
        git(path, "branch", "-q", "--track", "mlgit", "origin/mlgit", check=True)
    return Store(locate(path))


def place(store: Store) -> Path:
    """The work tree of a clone."""
    assert store.home.work_tree is not None
    return store.home.work_tree


def record(store: Store, **params: str) -> str:
    """The folder of a new finished run with an artifact kept in git."""
    run = begin.start(store, "churn")
    run.log_metric("acc", 0.9)
    run.log_params({"lr": "0.1", **params})
    run.finish()
    [folder] = store.snapshot().find_run(run.id)
    return folder


def push(store: Store, *what: str, **env: str) -> Pushed:
    """`git push origin WHAT`, past the hooks of the clone."""
    argv = ["git", "push", "--no-verify", "origin", *(what or ("mlgit",))]
    done = subprocess.run(
        argv,
        cwd=place(store),
        env={**os.environ, **env},
        text=True,
        capture_output=True,
        check=False,
    )
    return Pushed(done.returncode, done.stderr)


def attack(
    store: Store, change: Callable[[Path, plant.Planted], None], branch: str = "mlgit"
) -> None:
    """A commit on the clone's branch that no mlgit would make."""
    path = place(store)
    tree = plant.contents(path, branch)
    change(path, tree)
    plant.commit(path, plant.tree(path, tree), branch)


def tip(hub: Path, branch: str = "mlgit") -> str:
    return git(hub, "rev-parse", "-q", "--verify", branch).stdout.strip()


def refused(store: Store, hub: Path, *reasons: str) -> None:
    """The push is refused with these words, and the server has what it had."""
    before = tip(hub)
    answer = push(store, "+mlgit")
    assert answer.code == 1, answer.said
    said = " ".join(line.removeprefix("remote: ").strip() for line in answer.said.splitlines())
    for reason in reasons:
        assert reason in said, answer.said
    assert tip(hub) == before
    assert git(hub, "fsck", "--full").returncode == 0
