"""Branches that are checked out somewhere are known with their place."""

from __future__ import annotations

from pathlib import Path

from mlgit.git.repository import Repository
from tests.support.repos import git, make_repo


def checked_out(path: Path) -> dict[str, Path]:
    with Repository.discover(path) as repository:
        return repository.checked_out_branches()


def test_every_work_tree_counts_from_wherever_one_asks(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", "-b", "topic", str(linked), check=True)
    expected = {"refs/heads/main": repo, "refs/heads/topic": linked}
    assert checked_out(repo) == expected
    assert checked_out(linked) == expected
    assert checked_out(repo / ".git") == expected
    git(linked, "switch", "-q", "--detach", check=True)
    assert checked_out(repo) == {"refs/heads/main": repo}


def test_a_bare_repository_has_none_but_its_work_trees(tmp_path: Path) -> None:
    source = make_repo(tmp_path / "source")
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(source), str(bare), check=True)
    assert checked_out(bare) == {}
    linked = tmp_path / "linked"
    git(bare, "worktree", "add", "-q", "-b", "topic", str(linked), check=True)
    assert checked_out(bare) == {"refs/heads/topic": linked}
    assert checked_out(linked) == {"refs/heads/topic": linked}
