"""A removed ref is gone, wherever git keeps it, and every other ref is as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlgit.errors import StorageFailed
from mlgit.git import reflock
from mlgit.git.ref_removal import remove_ref
from mlgit.git.repository import Repository
from tests.support.repos import git

NAME = "refs/mlgit/inbox/one"


def refs(repo: Path) -> list[str]:
    return git(
        repo, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)"
    ).stdout.split("\n")


@pytest.fixture
def before(repo: Path) -> list[str]:
    """All refs without the one to remove, with an annotated tag among them."""
    git(repo, "tag", "-a", "-m", "a tag", "v1", check=True)
    git(repo, "update-ref", f"{NAME}x", "HEAD", check=True)
    found = refs(repo)
    git(repo, "update-ref", NAME, "HEAD", check=True)
    return found


@pytest.mark.parametrize("kept", ["loose", "packed", "both", "a tag"])
def test_a_removed_ref_does_not_come_back(repo: Path, before: list[str], kept: str) -> None:
    if kept == "a tag":
        git(repo, "update-ref", NAME, "v1", check=True)
    if kept != "loose":
        git(repo, "pack-refs", "--all", check=True)
    if kept == "both":
        git(repo, "commit", "-q", "--allow-empty", "-m", "two", check=True)
        git(repo, "update-ref", NAME, "HEAD", check=True)
        before = [line for line in refs(repo) if not line.startswith(f"{NAME} ")]
    with Repository.discover(repo) as repository:
        value = repository.refs.read(NAME)
        assert value
        assert remove_ref(repository, NAME, value)
        assert repository.refs.read(NAME) is None
        assert not remove_ref(repository, NAME, value)
    assert refs(repo) == before
    assert not list((repo / ".git").rglob("*.lock"))


def test_a_ref_that_has_moved_stays(repo: Path, before: list[str]) -> None:
    git(repo, "commit", "-q", "--allow-empty", "-m", "two", check=True)
    other = git(repo, "rev-parse", "HEAD").stdout.strip().encode()
    with Repository.discover(repo) as repository:
        assert not remove_ref(repository, NAME, other)
        assert repository.refs.read(NAME)
    assert before


def test_packed_refs_that_another_program_locks_are_left_alone(
    repo: Path, before: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repo, "pack-refs", "--all", check=True)
    monkeypatch.setattr(reflock, "_LONGEST_WAIT", 0.05)
    lock = repo / ".git" / "packed-refs.lock"
    lock.touch()
    with Repository.discover(repo) as repository:
        value = repository.refs.read(NAME)
        assert value
        with pytest.raises(StorageFailed, match="another git program"):
            remove_ref(repository, NAME, value)
    assert lock.exists()
    lock.unlink()
    assert set(before) < set(refs(repo))


def test_a_lock_of_packed_refs_that_a_killed_writer_left_blocks_nobody(
    repo: Path, before: list[str]
) -> None:
    git(repo, "pack-refs", "--all", check=True)
    code = f"""
import os
from mlgit.git import ref_removal
from mlgit.git.repository import Repository
ref_removal.replace_file = lambda *_, **__: os._exit(9)
with Repository.discover() as repository:
    ref_removal.remove_ref(repository, {NAME!r}, repository.refs.read({NAME!r}))
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=repo, check=False).returncode == 9
    assert (repo / ".git" / "packed-refs.lock").exists()
    with Repository.discover(repo) as repository:
        value = repository.refs.read(NAME)
        assert value
        assert remove_ref(repository, NAME, value)
    assert refs(repo) == before
    assert not list((repo / ".git").rglob("*.lock"))
