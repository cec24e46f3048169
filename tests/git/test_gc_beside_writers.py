"""Git cleans up as hard as it can while runs are written: none is lost, nothing is damaged."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from tests.git.places import commit, files
from tests.git.writers import acknowledged, start
from tests.support.repos import footprint, git

CLEAN_UPS = {
    "gc": ["gc --quiet --prune=now"],
    "repack and prune": ["repack -adq", "prune --expire=now"],
    "prune": ["prune --expire=now", "prune-packed -q"],
    "pack-refs": ["pack-refs --all", "reflog expire --expire=now --all"],
    "cruft": ["repack --cruft --cruft-expiration=now -dq", "multi-pack-index write"],
}


class CleanUp(threading.Thread):
    """Runs git commands in a loop until it is told to stop."""

    def __init__(self, repo: Path, commands: list[str]) -> None:
        super().__init__()
        self.repo, self.commands = repo, commands
        self.done = threading.Event()
        self.rounds = 0

    def run(self) -> None:
        while not self.done.is_set():
            for command in self.commands:
                # It may fail itself, as when the ref it wants is locked; that harms nobody.
                subprocess.run(
                    ["git", *command.split()], cwd=self.repo, capture_output=True, check=False
                )
            self.rounds += 1


def write_beside(repo: Path, commands: list[str], count: int, each: int) -> None:
    commit(repo, {"mlgit.yaml": b"format: 1\n"})
    git(repo, "config", "gc.auto", "0", check=True)
    before = footprint(repo)
    clean_up = CleanUp(repo, commands)
    clean_up.start()
    try:
        told = acknowledged(start(repo, count, each))
    finally:
        clean_up.done.set()
        clean_up.join()
    assert clean_up.rounds > 1
    assert len(told) == count * each
    fsck = git(repo, "fsck", "--full", "--strict")
    assert fsck.returncode == 0, fsck.stderr
    found = files(repo)
    assert {f"runs/e/{name}/run.yaml" for name in told} <= set(found)
    for oid in set(told.values()):
        assert git(repo, "merge-base", "--is-ancestor", oid, "mlgit").returncode == 0
    changed = {name for name, digest in footprint(repo).items() if before.get(name) != digest}
    assert all(name.startswith((".git/packed-refs", ".git/info", ".git/logs")) for name in changed)
    commit(repo, {"after": b"x"})


@pytest.mark.parametrize("kind", ["gc", "repack and prune"])
def test_a_few_writers_beside_a_hot_clean_up(repo: Path, kind: str) -> None:
    write_beside(repo, CLEAN_UPS[kind], 3, 30)


@pytest.mark.full
@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", CLEAN_UPS)
def test_eight_writers_beside_a_hot_clean_up(repo: Path, kind: str) -> None:
    write_beside(repo, CLEAN_UPS[kind], 8, 100)
