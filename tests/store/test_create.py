"""Making a store: on a branch, from a remote, in a repository of its own."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mlgit.errors import Damaged, InvalidState, InvalidValue, NoStore, RemoteFailed
from mlgit.git.commits import ROOT_COMMIT
from mlgit.store.store import Store
from tests.store.records import a_run, published
from tests.support.repos import footprint, git, make_repo


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """An empty bare repository, as a forge makes one."""
    return make_repo(tmp_path / "shared.git", bare=True)


def test_a_new_store_has_a_root_that_all_stores_share_and_a_readable_commit(repo: Path) -> None:
    before = footprint(repo)
    made = Store.init()
    assert (made.what, made.ref, made.url) == ("created", "", "")
    lines = git(repo, "log", "--reverse", "--format=%H %s", "mlgit").stdout.splitlines()
    assert lines[0] == f"{ROOT_COMMIT.decode()} mlgit store, format 1"
    assert [line[41:] for line in lines[1:]] == ["store: created"]
    assert git(repo, "show", "mlgit:mlgit.yaml").stdout == "format: 1\n"
    assert "*.yaml -merge" in git(repo, "show", "mlgit:.gitattributes").stdout
    assert footprint(repo) == before


def test_making_it_twice_says_so_and_changes_nothing(repo: Path) -> None:
    Store.init().store.close()
    before = git(repo, "rev-parse", "mlgit").stdout
    assert Store.init().what == "present"
    assert git(repo, "rev-parse", "mlgit").stdout == before


def test_two_stores_made_apart_have_a_merge_base(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repo(tmp_path / "other")
    for path in (repo, other):
        monkeypatch.setenv("GIT_AUTHOR_NAME", path.name)
        with Store.init(path).store as store:
            published(store, a_run(path.name[:4].encode().hex().ljust(16, "0")))
    git(repo, "fetch", "-q", str(other), "mlgit:theirs", check=True)
    assert git(repo, "merge-base", "mlgit", "theirs").stdout.strip() == ROOT_COMMIT.decode()
    done = git(repo, "merge-tree", "--write-tree", "mlgit", "theirs")
    assert done.returncode == 0, done.stdout


def test_the_remotes_store_is_adopted(repo: Path, tmp_path: Path) -> None:
    with Store.init().store as store:
        published(store)
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repo), str(copy), check=True)
    made = Store.init(copy)
    assert (made.what, made.ref) == ("adopted", "refs/remotes/origin/mlgit")
    both = git(copy, "rev-parse", "mlgit", "origin/mlgit").stdout.split()
    assert both[0] == both[1]
    assert Store.init(copy).what == "present"


def test_a_store_of_its_own_leaves_the_repository_without_a_branch(
    repo: Path, shared: Path
) -> None:
    before = footprint(repo)
    made = Store.init(url=str(shared))
    assert (made.what, made.url) == ("created", str(shared))
    folder = published(made.store)
    assert footprint(repo) == before
    assert git(repo, "branch", "--list", "mlgit").stdout == ""
    with Store.open() as store:
        assert store.snapshot().run(folder) == a_run()
        assert store.home.work_tree == repo
        assert store.repository.git_dir == repo / ".git" / "mlgit" / "data" / "store.git"
        assert store.state.is_relative_to(repo / ".git" / "mlgit" / "data")
    own = made.store.repository.git_dir
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert not list((own / "hooks").glob("*"))
    assert git(own, "fsck", "--full", "--strict").returncode == 0
    assert Store.init().what == "present"
    assert Store.init(url=str(shared)).what == "present"


@pytest.mark.usefixtures("repo")
def test_a_store_of_its_own_takes_what_the_remote_has(shared: Path, tmp_path: Path) -> None:
    with Store.init(url=str(shared)).store as first:
        folder = published(first)
        own = first.repository.git_dir
    git(own, "push", "-q", "origin", "mlgit", check=True)
    other = make_repo(tmp_path / "other")
    made = Store.init(other, url=f"file://{shared}")
    assert (made.what, made.ref) == ("adopted", "refs/remotes/origin/mlgit")
    assert made.store.snapshot().run(folder) == a_run()
    published(made.store, a_run("9f3c000000000002"))
    tracked = git(made.store.repository.git_dir, "for-each-ref", "--format=%(refname)").stdout
    assert tracked.split() == ["refs/heads/mlgit", "refs/remotes/origin/mlgit"]


@pytest.mark.usefixtures("repo")
def test_another_address_for_the_same_store_is_refused(shared: Path, tmp_path: Path) -> None:
    Store.init(url=str(shared)).store.close()
    other = make_repo(tmp_path / "other.git", bare=True)
    with pytest.raises(InvalidState, match=str(shared)):
        Store.init(url=str(other))


@pytest.mark.usefixtures("repo")
def test_a_repository_with_runs_on_its_branch_keeps_them(shared: Path) -> None:
    Store.init().store.close()
    with pytest.raises(InvalidState, match="own branch"):
        Store.init(url=str(shared))
    assert Store.init().what == "present"


def test_an_address_that_cannot_be_reached_leaves_nothing_behind(
    repo: Path, tmp_path: Path
) -> None:
    with pytest.raises(RemoteFailed) as caught:
        Store.init(url=f"file://{tmp_path}/missing")
    assert caught.value.hint.startswith("see whether this works: git ls-remote")
    assert list((repo / ".git" / "mlgit" / "data").iterdir()) == []
    with pytest.raises(NoStore):
        Store.open()


def test_an_interrupted_clone_is_taken_up_again(repo: Path, shared: Path) -> None:
    """Killed after the clone, before the file that names it; and before the first commit."""
    with Store.init(url=str(shared)).store as store:
        folder = published(store)
    (repo / ".git" / "mlgit" / "store").unlink()
    assert Store.init(url=str(shared)).what == "present"
    assert Store.open().snapshot().run(folder) == a_run()
    git(store.repository.git_dir, "update-ref", "-d", "refs/heads/mlgit", check=True)
    with pytest.raises(NoStore):
        Store.open()
    assert Store.init().what == "created"


@pytest.mark.parametrize("said", ["../../../elsewhere", "/etc", "", "data/store.git/.."])
def test_a_store_named_elsewhere_is_not_followed(repo: Path, shared: Path, said: str) -> None:
    Store.init(url=str(shared)).store.close()
    (repo / ".git" / "mlgit" / "store").write_text(said)
    for act in (Store.open, Store.init):
        with pytest.raises(Damaged, match="should say"):
            act()


HOSTILE_URLS = [
    "-oProxyCommand=touch pwned",
    "--upload-pack=touch pwned",
    "ext::sh -c touch% pwned",
    "ext::sh",
    "fd::17",
    "http://example.org/x",
    "ftp://example.org/x",
    "ssh://-oProxyCommand=x/y",
    "ssh://user@-oProxyCommand=x/y",
    "ssh://-user@host/y",
    "ssh://user:secret@host/y",
    "https://user:secret@example.org/x",
    "https://ghp_token@example.org/x",
    "-host:path",
    "user@-host:path",
    "/missing/folder",
    "host",
    "https://exa mple.org/x",
    "https://example.org/x\n",
]


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_an_address_that_could_run_a_program_or_leak_a_password_is_refused(
    repo: Path, url: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        Store.init(url=url)
    assert "secret" not in str(caught.value) + caught.value.hint
    assert "ghp_token" not in str(caught.value) + caught.value.hint
    assert not (repo / ".git" / "mlgit").exists()
    assert not (repo / "pwned").exists()


@pytest.mark.usefixtures("repo")
def test_nothing_that_the_users_config_or_templates_name_runs_in_the_clone(
    shared: Path, tmp_path: Path
) -> None:
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("post-checkout", "reference-transaction", "post-merge"):
        hook = hooks / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
        hook.chmod(0o755)
    config = tmp_path / "home" / ".gitconfig"
    config.write_text(f"[init]\n\ttemplateDir = {hooks.parent}\n[core]\n\thooksPath = {hooks}\n")
    published(Store.init(url=str(shared)).store)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.usefixtures("repo")
def test_without_the_git_program_a_clone_says_so(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlgit import process

    process.git_program.cache_clear()
    monkeypatch.setenv("PATH", "/nonexistent")
    try:
        with pytest.raises(RemoteFailed, match="git program"):
            Store.init(url=str(shared))
        assert Store.init().what == "created"
    finally:
        monkeypatch.undo()
        process.git_program.cache_clear()
