"""A commit always has an author, and it is the one git would take."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.git.repository import Repository
from tests.git.places import commit
from tests.support.repos import git


@pytest.fixture
def anonymous(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in an environment that says nothing of who works in it."""
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{who}_{what}")
    return repo


def authors(path: Path) -> str:
    return git(path, "log", "-1", "--format=%an <%ae> %cn <%ce>", "mlgit").stdout.strip()


def test_the_environment_comes_first(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repo, "config", "user.name", "Config", check=True)
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Robot")
    commit(repo, {"a": b"1"})
    assert authors(repo) == "Ada Tester <ada@example.org> Robot <ada@example.org>"


def test_then_the_config_with_a_name_for_each_role(anonymous: Path) -> None:
    git(anonymous, "config", "user.name", "Zoë", check=True)
    git(anonymous, "config", "user.email", "zoe@example.org", check=True)
    git(anonymous, "config", "author.name", "Writer", check=True)
    commit(anonymous, {"a": b"1"})
    assert authors(anonymous) == "Writer <zoe@example.org> Zoë <zoe@example.org>"


def test_then_a_name_that_always_works(anonymous: Path) -> None:
    commit(anonymous, {"a": b"1"})
    with Repository.discover(anonymous) as repository:
        name, email = repository.identity()
    assert name == "mlgit"
    assert "@" in email
    assert authors(anonymous) == f"mlgit <{email}> mlgit <{email}>"


@pytest.mark.parametrize("name", ["<>", " . ", "\n", "Ada\nparent x", "Ada <ada@x>", '"Ada".'])
def test_no_name_can_break_a_commit(
    anonymous: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", name)
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", f"{name}@x")
    commit(anonymous, {"a": b"1"})
    assert git(anonymous, "fsck", "--full", "--strict").returncode == 0
    assert git(anonymous, "rev-list", "--count", "mlgit").stdout == "2\n"
