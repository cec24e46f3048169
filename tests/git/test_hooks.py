"""Hooks of ours stand where git runs them, and never in place of somebody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlgit.errors import AlreadyExists, InvalidState
from mlgit.git.hooks import hooks_folder, install, uninstall
from mlgit.git.repository import Repository
from tests.support.repos import footprint, git, make_repo

OURS = b"#!/bin/sh\n# mlgit hook: for a test\necho ours\n"
THEIRS = "#!/bin/sh\necho theirs\n"


def theirs(path: Path) -> Path:
    path.write_text(THEIRS)
    path.chmod(0o755)
    return path


def test_installed_and_taken_away_nothing_is_left(repo: Path) -> None:
    before = footprint(repo)
    with Repository.discover() as repository:
        done = install(repository, "pre-push", OURS)
        assert done == (repo / ".git" / "hooks" / "pre-push", False)
        assert os.access(done.path, os.X_OK)
        assert done.path.read_bytes() == OURS
        assert uninstall(repository, "pre-push") == done.path
        assert uninstall(repository, "pre-push") is None
    assert footprint(repo) == before


@pytest.mark.usefixtures("repo")
def test_an_older_one_of_ours_is_replaced() -> None:
    with Repository.discover() as repository:
        install(repository, "pre-push", OURS + b"# older\n")
        path, calls = install(repository, "pre-push", OURS)
    assert (path.read_bytes(), calls) == (OURS, False)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_somebody_elses_is_left_alone(repo: Path, kind: str) -> None:
    path = repo / ".git" / "hooks" / "pre-push"
    if kind == "file":
        theirs(path)
    else:
        path.symlink_to("../../tools/their-hook")  # leads to nothing yet
    before = footprint(repo)
    with Repository.discover() as repository:
        with pytest.raises(AlreadyExists):
            install(repository, "pre-push", OURS)
        assert uninstall(repository, "pre-push") is None
    assert footprint(repo) == before
    assert path.is_symlink() == (kind == "link")


def test_somebody_elses_is_kept_beside_it_and_comes_back(repo: Path) -> None:
    path = theirs(repo / ".git" / "hooks" / "pre-push")
    before = footprint(repo)
    with Repository.discover() as repository:
        assert install(repository, "pre-push", OURS, before=True) == (path, True)
        kept = path.with_name("pre-push.before-mlgit")
        assert (path.read_bytes(), kept.read_text()) == (OURS, THEIRS)
        assert os.access(kept, os.X_OK)
        assert install(repository, "pre-push", OURS).calls  # again, without its consent
        theirs(path)
        with pytest.raises(AlreadyExists):  # two of theirs cannot both be kept
            install(repository, "pre-push", OURS, before=True)
        path.write_bytes(OURS)
        uninstall(repository, "pre-push")
    assert footprint(repo) == before


@pytest.mark.parametrize("named", ["../shared-hooks", "~/hooks", "tools/hooks", "/absolute"])
def test_the_folder_that_git_uses(repo: Path, tmp_path: Path, named: str) -> None:
    named = named.replace("/absolute", str(tmp_path / "absolute"))
    git(repo, "config", "core.hooksPath", named, check=True)
    inner = repo / "src"
    inner.mkdir()
    said = git(repo, "rev-parse", "--git-path", "hooks", check=True).stdout.strip()
    with Repository.discover(inner) as repository:
        path = install(repository, "pre-push", OURS).path
    assert path.samefile(repo / said / "pre-push")


def test_all_work_trees_share_it_and_a_bare_repository_has_its_own(
    repo: Path, tmp_path: Path
) -> None:
    git(repo, "worktree", "add", "-q", str(tmp_path / "other"), check=True)
    with Repository.discover(tmp_path / "other") as repository:
        assert hooks_folder(repository).samefile(repo / ".git" / "hooks")
    bare = make_repo(tmp_path / "bare.git", bare=True)
    git(bare, "config", "core.hooksPath", "mine", check=True)
    with Repository.discover(bare) as repository:
        assert install(repository, "pre-push", OURS).path == bare / "mine" / "pre-push"


@pytest.mark.parametrize("named", ["/dev/null", ""])
def test_where_hooks_are_switched_off_that_is_said(repo: Path, named: str) -> None:
    git(repo, "config", "core.hooksPath", named, check=True)
    with Repository.discover() as repository, pytest.raises(InvalidState, match="switched off"):
        install(repository, "pre-push", OURS)
