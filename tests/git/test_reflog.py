"""A moved ref is in the reflog exactly where git would have put it."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from mlgit.errors import StorageFailed
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.repository import Repository
from tests.git.places import commit
from tests.support.repos import git, make_repo

LOG = ".git/logs/refs/heads/mlgit"


def test_git_shows_who_moved_the_branch_and_why(repo: Path) -> None:
    commit(repo, {"a": b"1"}, "first: one\n\nbody")
    commit(repo, {"a": b"2"}, "second: two")
    shown = git(repo, "reflog", "show", "--format=%gs by %gn", "mlgit", check=True).stdout
    assert shown.splitlines() == ["second: two by Ada Tester", "first: one by Ada Tester"]
    assert git(repo, "rev-parse", "mlgit@{1}").stdout == git(repo, "rev-parse", "mlgit~").stdout


@pytest.mark.parametrize(
    ("value", "bare", "written"),
    [("", False, True), ("", True, False), ("true", True, True), ("always", True, True),
     ("false", False, False)],
)  # fmt: skip
def test_a_log_is_kept_where_git_keeps_one(
    tmp_path: Path, value: str, bare: bool, written: bool
) -> None:
    path = make_repo(tmp_path / "place", bare=bare)
    if value:
        git(path, "config", "core.logAllRefUpdates", value, check=True)
    commit(path, {"a": b"1"})
    assert (path / (LOG.removeprefix(".git/") if bare else LOG)).exists() is written


def test_an_existing_log_is_continued(tmp_path: Path) -> None:
    path = make_repo(tmp_path / "place")
    commit(path, {"a": b"1"})
    git(path, "config", "core.logAllRefUpdates", "false", check=True)
    commit(path, {"a": b"2"})
    assert len((path / LOG).read_text().splitlines()) == 2


def test_a_torn_line_is_taken_back(repo: Path) -> None:
    tip = commit(repo, {"a": b"1"})
    before = (repo / LOG).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Repository.discover(repo) as repository:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 30, hard))
        try:
            with pytest.raises(StorageFailed):
                repository.refs.compare_and_swap("refs/heads/mlgit", tip, ROOT_COMMIT, "x")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (repo / LOG).read_bytes() == before
    assert git(repo, "rev-parse", "mlgit").stdout.strip() == tip.decode()
