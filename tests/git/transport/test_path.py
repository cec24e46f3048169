"""Another repository of this machine without git: what its owner forbids is not done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlgit.errors import RemoteFailed
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.oid import Oid
from mlgit.git.repository import Repository
from mlgit.git.transport import path as path_module
from mlgit.git.transport.choice import transport_to
from mlgit.git.transport.path import PathTransport
from mlgit.git.transport.program import GitTransport
from mlgit.git.transport.protocol import HEADS, INBOX, Pushed, Update
from tests.support.repos import footprint, git, make_repo

BRANCH = f"{HEADS}mlgit"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "other")


def commit(path: Path, text: str = "1") -> Oid:
    with Repository.discover(path) as repository, writer_lock(repository.state_dir):
        return Branch(repository).commit({"a.txt": text.encode()}, "a commit")


def to(repo: Path, remote: str) -> PathTransport:
    return PathTransport(Repository.discover(repo), remote, "mlgit")


def test_a_work_trees_repository_is_written_and_nothing_else_of_it(repo: Path, other: Path) -> None:
    base = commit(repo)
    transport = to(repo, "../other")
    before = footprint(other)
    assert transport.push([Update(BRANCH, base)]) == {BRANCH: Pushed.DONE}
    assert footprint(other) == before
    newer = commit(other, "2")
    assert transport.fetch().tip == newer
    assert git(other, "fsck", "--full", "--strict").returncode == 0


def test_a_branch_that_is_checked_out_is_refused(repo: Path, other: Path) -> None:
    transport = to(repo, "../other")
    transport.push([Update(BRANCH, commit(repo))])
    git(other, "switch", "-q", "mlgit", check=True)
    with pytest.raises(RemoteFailed, match="checked out"):
        transport.push([Update(BRANCH, commit(repo, "2"))])
    assert git(other, "status", "--porcelain").stdout == ""


@pytest.mark.parametrize("name", ["pre-receive", "update", "reference-transaction"])
def test_hooks_that_may_refuse_are_not_passed_by(repo: Path, other: Path, name: str) -> None:
    path = other / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    with pytest.raises(RemoteFailed, match="install git"):
        to(repo, "../other").push([Update(BRANCH, commit(repo))])
    assert git(other, "rev-parse", "-q", "--verify", BRANCH).returncode


def test_what_may_not_be_deleted_stays(repo: Path, other: Path) -> None:
    base, ref = commit(repo), f"{INBOX}one"
    transport = to(repo, "../other")
    transport.push([Update(ref, base)])
    git(other, "config", "receive.denyDeletes", "true", check=True)
    with pytest.raises(RemoteFailed, match="deleted"):
        transport.push([Update(ref, None, base)])
    assert git(other, "rev-parse", ref).stdout.strip().encode() == base


def test_a_ref_that_is_locked_there_does_not_stop_the_others(repo: Path, other: Path) -> None:
    lock = other / ".git" / "refs" / "heads" / "mlgit.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    os.utime(lock, (0, 0))
    base, ref = commit(repo), f"{INBOX}one"
    done = to(repo, "../other").push([Update(BRANCH, base), Update(ref, base)])
    assert done == {BRANCH: Pushed.RACED, ref: Pushed.DONE}


def test_a_folder_that_is_no_repository_is_named(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(RemoteFailed, match="no repository"):
        to(repo, str(tmp_path / "folder")).fetch()


def test_an_object_that_is_missing_there_moves_nothing_here(repo: Path, other: Path) -> None:
    commit(repo)
    commit(other)
    newer = commit(other, "2")
    blob = git(other, "rev-parse", f"{newer.decode()}:a.txt").stdout.strip()
    git(other, "unpack-objects", check=False)
    for pack in (other / ".git" / "objects" / "pack").glob("*.pack"):
        listed = git(other, "verify-pack", "-v", str(pack)).stdout
        if blob in listed:
            for file in pack.parent.glob(f"{pack.stem}.*"):
                file.unlink()
    transport = to(repo, "../other")
    with pytest.raises(RemoteFailed):
        transport.fetch()
    assert git(repo, "rev-parse", "-q", "--verify", transport.tracking).returncode


def chosen(repo: Path, remote: str = "hub") -> type:
    with Repository.discover(repo) as repository:
        return type(transport_to(repository, remote, "mlgit"))


@pytest.fixture
def hub(repo: Path, tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "--bare", "hub.git", check=True)
    git(repo, "remote", "add", "hub", str(tmp_path / "hub.git"), check=True)
    return tmp_path / "hub.git"


def test_a_plain_folder_is_not_given_to_git(repo: Path, hub: Path) -> None:
    assert chosen(repo) is PathTransport
    assert chosen(repo, str(hub)) is PathTransport
    assert chosen(repo, hub.as_uri()) is PathTransport
    assert chosen(repo, str(hub.parent / "absent")) is GitTransport


@pytest.mark.parametrize("name", ["pre-receive", "update", "post-receive", "post-update"])
def test_a_folder_with_hooks_is_gits_to_speak_with(repo: Path, hub: Path, name: str) -> None:
    (hub / "hooks").mkdir(exist_ok=True)
    (hub / "hooks" / name).write_text("#!/bin/sh\n")
    assert chosen(repo) is GitTransport


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("receive.denyDeletes", "false"),
        ("transfer.hideRefs", "refs/mlgit"),
        ("uploadpack.hideRefs", "refs/mlgit"),
        ("gc.auto", "0"),
    ],
)
def test_a_folder_with_rules_is_gits_to_speak_with(
    repo: Path, hub: Path, key: str, value: str
) -> None:
    git(hub, "config", key, value, check=True)
    assert chosen(repo) is GitTransport


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("key", ["receivepack", "pushurl", "mirror", "proxy"])
def test_a_remote_with_settings_is_gits_to_speak_with(repo: Path, key: str) -> None:
    assert chosen(repo) is PathTransport
    git(repo, "config", f"remote.hub.{key}", "true", check=True)
    assert chosen(repo) is GitTransport


def test_what_is_not_complete_is_gits_to_speak_with(repo: Path, hub: Path) -> None:
    git(repo, "push", "-q", "hub", "HEAD:refs/heads/main", check=True)
    for folder in (repo / ".git", hub):
        (folder / "shallow").write_text(git(repo, "rev-parse", "HEAD").stdout)
        assert chosen(repo) is GitTransport
        (folder / "shallow").unlink()


def test_many_pushes_do_not_leave_many_packs(repo: Path, hub: Path) -> None:
    transport = to(repo, "hub")
    for number in range(60):
        transport.push([Update(BRANCH, commit(repo, str(number)))])
    assert len(list((hub / "objects" / "pack").glob("*.pack"))) < 20
    assert git(hub, "fsck", "--full", "--strict").returncode == 0


def test_much_at_once_is_left_to_git(
    repo: Path, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path_module, "_MANY", 5)
    with Repository.discover(repo) as repository:
        transport = transport_to(repository, "hub", "mlgit")
        for number in range(3):
            base = commit(repo, str(number))
        assert transport.push([Update(BRANCH, base)]) == {BRANCH: Pushed.DONE}
        assert not list((hub / "objects" / "pack").glob("*.pack"))  # git unpacks what is small
        assert transport.fetch().tip == base
        assert transport.push([Update(BRANCH, commit(repo, "4"))]) == {BRANCH: Pushed.DONE}
        assert len(list((hub / "objects" / "pack").glob("*.pack"))) == 1
