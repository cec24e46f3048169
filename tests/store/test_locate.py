"""Finding the store: in work trees, bare repositories, sub-modules and clones of all kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import (
    InvalidValue,
    NoStore,
    NotARepository,
    Unsupported,
)
from mlgit.store.store import Store
from tests.store.records import a_run, folder_of, published
from tests.support.repos import footprint, git, make_repo


def test_no_repository_and_no_store_say_what_to_do(
    tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotARepository) as nowhere:
        Store.open(tmp_path)
    assert "git init && mlgit init" in nowhere.value.hint
    with pytest.raises(NoStore) as none:
        Store.open()
    assert none.value.message == "this repository has no mlgit store (no branch 'mlgit' here)"
    assert none.value.hint == "mlgit init"
    with pytest.raises(NotARepository, match="missing"):
        Store.open(tmp_path / "missing")
    monkeypatch.setenv("MLGIT_REPO", str(tmp_path / "missing"))
    with pytest.raises(NotARepository, match="MLGIT_REPO"):
        Store.open()
    assert not (repo / ".git" / "mlgit").exists()


def test_the_environment_names_another_repository_and_branch(
    repo: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(store)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLGIT_REPO", str(repo))
    assert Store.open().snapshot().find_run("9f3c") == [folder_of(a_run())]
    monkeypatch.setenv("MLGIT_BRANCH", "other")
    with pytest.raises(NoStore, match="'other'"):
        Store.open()


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "a/", "x.lock", "a:b", "a~1", "@{1}", "a\n"])
def test_a_branch_name_that_git_would_misread_is_refused(
    repo: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MLGIT_BRANCH", name)
    with pytest.raises(InvalidValue, match="MLGIT_BRANCH"):
        Store.open(repo)


def test_a_work_tree_shares_the_store_of_its_repository(
    repo: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repo.parent / "other"
    git(repo, "worktree", "add", "-q", "--detach", str(other), check=True)
    monkeypatch.chdir(other)
    with Store.open() as opened:
        folder = published(opened)
        assert opened.state == store.state
        assert opened.home.work_tree == other
    assert store.snapshot().run(folder) == a_run()
    git(repo, "worktree", "remove", "--force", str(other), check=True)


def test_a_checked_out_data_branch_is_refused_with_the_way_out(repo: Path, store: Store) -> None:
    published(store)
    git(repo, "worktree", "add", "-q", str(repo.parent / "other"), "mlgit", check=True)
    with pytest.raises(Unsupported, match="checked out") as caught:
        published(store, a_run("9f3c000000000002"))
    assert "git -C" in caught.value.hint
    git(repo, "worktree", "remove", "--force", str(repo.parent / "other"), check=True)


def test_a_bare_repository_is_a_store_like_any_other(tmp_path: Path) -> None:
    path = make_repo(tmp_path / "bare.git", bare=True)
    with Store.init(path).store as store:
        folder = published(store)
        assert store.snapshot().run(folder) == a_run()
        assert store.state == path / "mlgit"
    assert git(path, "fsck", "--full", "--strict").returncode == 0


def test_a_sub_module_has_a_store_of_its_own(repo: Path, tmp_path: Path) -> None:
    inner = make_repo(tmp_path / "inner")
    git(
        repo,
        *("-c", "protocol.file.allow=always"),
        "submodule",
        "-q",
        "add",
        str(inner),
        "sub",
        check=True,
    )
    before = footprint(repo)
    with Store.init(repo / "sub").store as store:
        published(store)
        assert store.state == repo / ".git" / "modules" / "sub" / "mlgit"
    after = {name for name in footprint(repo) if name not in before}
    assert all(name.startswith(".git/modules/sub/") for name in after)
    with pytest.raises(NoStore):
        Store.open(repo)


def test_a_fresh_clone_reads_at_once_and_its_first_write_makes_the_branch(
    repo: Path, store: Store, tmp_path: Path
) -> None:
    folder = published(store)
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repo), str(copy), check=True)
    before = footprint(copy)
    with Store.open(copy) as clone:
        assert clone.snapshot().ref == "refs/remotes/origin/mlgit"
        assert clone.snapshot().run(folder) == a_run()
        assert footprint(copy) == before
        assert git(copy, "branch", "--list", "mlgit").stdout == ""
        published(clone, a_run("9f3c000000000002"))
        assert clone.snapshot().ref == "refs/heads/mlgit"
        assert len(list(clone.snapshot().run_folders())) == 2
        assert clone.writer != store.writer
    assert footprint(copy) == before
    merged = git(copy, "merge-base", "mlgit", "origin/mlgit", check=True).stdout
    assert merged == git(copy, "rev-parse", "origin/mlgit", check=True).stdout


def test_a_single_branch_clone_is_told_how_to_fetch(
    repo: Path, store: Store, tmp_path: Path
) -> None:
    published(store)
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", "--single-branch", f"file://{repo}", str(copy), check=True)
    with pytest.raises(NoStore, match="was not fetched") as caught:
        Store.open(copy)
    command = caught.value.hint.partition("    ")[0].split()
    assert command == ["git", "fetch", "origin", "mlgit:refs/remotes/origin/mlgit"]
    git(copy, *command[1:], check=True)
    assert Store.open(copy).snapshot().find_run("9f3c")


def test_a_clone_of_a_repository_without_a_store_names_the_remote(
    repo: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repo), str(copy), check=True)
    with pytest.raises(NoStore, match="or on 'origin'") as caught:
        Store.open(copy)
    assert "git fetch origin mlgit" in caught.value.hint


def test_a_shallow_clone_can_be_read_and_written(repo: Path, store: Store, tmp_path: Path) -> None:
    folder = published(store)
    copy = tmp_path / "copy"
    git(
        tmp_path,
        "clone",
        "-q",
        "--depth=1",
        "--no-single-branch",
        f"file://{repo}",
        str(copy),
        check=True,
    )
    with Store.open(copy) as clone:
        assert clone.snapshot().run(folder) == a_run()
        published(clone, a_run("9f3c000000000002"))
        assert len(list(clone.snapshot().run_folders())) == 2
