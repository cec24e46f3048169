"""The git program as a transport: what it must not run, overwrite, delete or leave behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mlgit.errors import InvalidValue, RemoteFailed
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.oid import Oid
from mlgit.git.repository import Repository
from mlgit.git.transport.program import GitTransport
from mlgit.git.transport.protocol import HEADS, INBOX, Pushed, Update
from tests.support.repos import git, make_repo

BRANCH = f"{HEADS}mlgit"
INBOX_REF = f"{INBOX}one"
PATIENCE = 20.0  # seconds until a process that should be gone fails the test


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    code = make_repo(tmp_path / "code")
    git(tmp_path, "clone", "-q", "--bare", str(code), "hub.git", check=True)
    return tmp_path / "hub.git"


@pytest.fixture
def ours(hub: Path, tmp_path: Path) -> Iterator[Repository]:
    git(tmp_path, "clone", "-q", str(hub), "ours", check=True)
    with Repository.discover(tmp_path / "ours") as repository:
        yield repository


def commit(repository: Repository, text: str = "1") -> Oid:
    with writer_lock(repository.state_dir):
        return Branch(repository).commit({"a.txt": text.encode()}, "a commit")


def hook(folder: Path, name: str, body: str) -> None:
    (folder / "hooks").mkdir(exist_ok=True)
    path = folder / "hooks" / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_hooks_of_the_clone_are_not_run(ours: Repository, tmp_path: Path) -> None:
    for name in ("pre-push", "reference-transaction", "post-index-change"):
        hook(ours.git_dir, name, f"touch {tmp_path}/ran-{name}; exit 1")
    git(tmp_path / "ours", "config", "core.fsmonitor", f"touch {tmp_path}/ran-monitor")
    transport = GitTransport(ours, "origin", "mlgit")
    assert transport.push([Update(BRANCH, commit(ours))]) == {BRANCH: Pushed.DONE}
    assert transport.fetch().tip
    assert not list(tmp_path.glob("ran-*"))


def test_a_helper_program_as_an_address_is_not_run(ours: Repository, tmp_path: Path) -> None:
    with pytest.raises(RemoteFailed):
        GitTransport(ours, f"ext::touch {tmp_path}/ran", "mlgit").fetch()
    with pytest.raises(RemoteFailed):
        GitTransport(ours, f"--upload-pack=touch {tmp_path}/ran", "mlgit").fetch()
    assert not (tmp_path / "ran").exists()


def test_a_mirror_keeps_its_own_branch_and_refs(ours: Repository, hub: Path) -> None:
    base = commit(ours)
    transport = GitTransport(ours, "origin", "mlgit")
    transport.push([Update(BRANCH, base), Update(INBOX_REF, base)])
    git(ours.git_dir, "config", "remote.origin.fetch", "+refs/*:refs/*", check=True)
    git(ours.git_dir, "config", "remote.origin.mirror", "true", check=True)
    git(ours.git_dir, "config", "fetch.prune", "true", check=True)
    git(ours.git_dir, "tag", "mine", check=True)
    newer = commit(ours, "2")
    before = git(ours.git_dir, "for-each-ref").stdout
    mirror = GitTransport(Repository.discover(ours.git_dir.parent), "origin", "mlgit")
    assert mirror.fetch() == (base, {INBOX_REF: base})
    after = git(ours.git_dir, "for-each-ref").stdout
    assert set(before.splitlines()) < set(after.splitlines())
    assert mirror.push([Update(BRANCH, newer)]) == {BRANCH: Pushed.DONE}
    assert "mine" not in git(hub, "tag").stdout


def test_pruning_takes_only_what_is_remembered_of_this_inbox(ours: Repository) -> None:
    base = commit(ours)
    transport = GitTransport(ours, "origin", "mlgit")
    transport.push([Update(BRANCH, base), Update(INBOX_REF, base)])
    kept = (f"{INBOX}local", "refs/mlgit/remotes/other/inbox/one", "refs/remotes/origin/gone")
    for name in (*kept, f"{transport.memory}old"):
        git(ours.git_dir, "update-ref", name, base.decode(), check=True)
    transport.fetch()
    names = git(ours.git_dir, "for-each-ref", "--format=%(refname)").stdout.split()
    assert set(kept) | {f"{transport.memory}one", BRANCH} <= set(names)
    assert f"{transport.memory}old" not in names


def test_a_refused_inbox_is_reported_and_a_refused_branch_raised(
    ours: Repository, hub: Path
) -> None:
    base = commit(ours)
    hook(hub, "update", 'case "$1" in */inbox/*) exit 1;; esac')
    transport = GitTransport(ours, "origin", "mlgit")
    found = transport.push([Update(BRANCH, base), Update(INBOX_REF, base)])
    assert found == {BRANCH: Pushed.DONE, INBOX_REF: Pushed.REFUSED}
    hook(hub, "update", "echo no; exit 1")
    with pytest.raises(RemoteFailed, match="hook declined"):
        transport.push([Update(BRANCH, commit(ours, "2"))])


def test_what_arrived_although_the_answer_took_too_long_is_done(
    ours: Repository, hub: Path
) -> None:
    base = commit(ours)
    hook(hub, "post-receive", "sleep 30")
    transport = GitTransport(ours, "origin", "mlgit")
    assert transport.push([Update(BRANCH, base)], timeout=5) == {BRANCH: Pushed.DONE}
    assert ours.refs.read(transport.tracking) == base


def test_a_time_out_ends_all_that_git_has_started(
    ours: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ssh")
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    note = tmp_path / "pid"
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {note}\nwait\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    with pytest.raises(RemoteFailed, match="did not answer within 2 s"):
        GitTransport(ours, "ssh://example.org/x", "mlgit").fetch(timeout=2)
    pid = int(note.read_text())
    end = time.monotonic() + PATIENCE
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            if _is_zombie(pid):
                return
            assert time.monotonic() < end, "it is still there"
            time.sleep(0.01)


def _is_zombie(pid: int) -> bool:
    """In a container nobody may wait for a child that lost its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan"])
def test_a_time_out_that_is_no_number_is_named(
    ours: Repository, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MLGIT_TIMEOUT", value)
    with pytest.raises(InvalidValue, match="MLGIT_TIMEOUT"):
        GitTransport(ours, "origin", "mlgit").fetch()
