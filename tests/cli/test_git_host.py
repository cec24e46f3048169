"""A team whose git host is the place for its artifacts: nothing is set up but `lfs:origin`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from mlgit.artifacts.pointer import pointer_of
from tests.cli.harness import done, mlgit
from tests.support.githost import git_host
from tests.support.lfs import Lfs, lfs_server
from tests.support.repos import git, make_repo
from tests.support.servers import ssh_server

DATA = b"weights " * 50_000
DIGEST = sha256(DATA).hexdigest()
LOGIN = "ada:of-the-helper"


class Host(NamedTuple):
    """A repository that can be cloned and pushed to, and the LFS store beside it."""

    url: str
    lfs: Lfs


@contextmanager
def smart_http(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Both by HTTP on one port, for whom git's own credential store knows."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "http")
    with git_host(folder) as host:
        host.login_is(LOGIN)
        known = Path.home() / ".git-credentials"
        known.write_text(host.url.replace("://", f"://{LOGIN}@").partition("/team")[0] + "\n")
        git(folder, "config", "--global", "credential.helper", "store", check=True)
        yield Host(host.url, host.lfs)


@contextmanager
def ssh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """git by OpenSSH, which tells where the LFS store is, with a token for it."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ssh")
    programs = folder.parent / "programs"
    programs.mkdir()
    with lfs_server() as lfs, ssh_server(folder, programs) as server:
        lfs.login = LOGIN
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        header = {"Authorization": lfs.authorization}
        said = {"href": f"{lfs.url}.git/info/lfs", "header": header, "expires_in": 3600}
        program = programs / "git-lfs-authenticate"
        asked = folder / "team" / "models.git"
        program.write_text(f'#!/bin/sh\n[ "$1" = "{asked}" ] && echo \'{json.dumps(said)}\'\n')
        program.chmod(0o755)
        yield Host(server.url("team/models.git"), lfs)


@pytest.fixture(params=[smart_http, pytest.param(ssh, marks=pytest.mark.full)])
def host(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    """A host of a repository with one commit."""
    make_repo(tmp_path / "code")
    folder = tmp_path / "served"
    (folder / "team").mkdir(parents=True)
    hub = folder / "team" / "models.git"
    git(tmp_path, "clone", "-q", "--bare", str(tmp_path / "code"), str(hub), check=True)
    with request.param(folder, monkeypatch) as made:
        yield made
    assert git(hub, "fsck", "--full", "--strict").returncode == 0


@pytest.fixture
def clone(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Clones it, and goes there."""

    def cloned(name: str) -> Path:
        git(tmp_path, "clone", "-q", host.url, name, check=True)
        monkeypatch.chdir(tmp_path / name)
        return tmp_path / name

    return cloned


def pointers(repo: Path) -> dict[str, bytes]:
    """What the host can find in git of LFS objects, by the names of the files."""
    found: dict[str, bytes] = {}
    for line in git(repo, "ls-remote", "origin", "refs/mlgit/pointers/*").stdout.splitlines():
        ref = line.split("\t")[1]
        git(repo, "fetch", "-q", "origin", ref, check=True)
        listed = git(repo, "ls-tree", "-r", "--name-only", "FETCH_HEAD").stdout.split()
        found |= {name: git(repo, "show", f"FETCH_HEAD:{name}").stdout.encode() for name in listed}
    return found


def test_what_one_pushes_another_gets(host: Host, clone: Callable[[str], Path]) -> None:
    ours = clone("ours")
    done("init")
    done("remote", "add", "main", "lfs:origin")
    (ours / "model.bin").write_bytes(DATA)
    done("log-run", "--name", "big", "--artifact", "model.bin")
    done("push")
    assert host.lfs.objects == {DIGEST: DATA}
    assert pointers(ours) == {f"{DIGEST[:2]}/{DIGEST}": pointer_of(DIGEST, len(DATA))}

    theirs = clone("theirs")
    done("artifact", "get", "big", "-o", "out")
    assert (theirs / "out" / "model.bin").read_bytes() == DATA
    done("artifact", "verify", "--remote", "--deep")
    host.lfs.objects[DIGEST] = b"x" + DATA[1:]
    found = mlgit("artifact", "verify", "--remote", "--deep")
    assert found.code != 0
    assert "damaged" in found.stdout


def test_git_can_keep_a_pointer_to_what_the_host_has(
    host: Host, clone: Callable[[str], Path]
) -> None:
    """Nothing is downloaded; who logs the pointer without the file is refused."""
    ours = clone("ours")
    done("init")
    done("remote", "add", "main", "lfs:origin")
    (ours / "model.bin").write_bytes(DATA)
    (ours / "notes.txt").write_text("small, and in git already\n")
    done("log-run", "--name", "big", "--artifact", "model.bin", "--artifact", "notes.txt")
    early = mlgit("artifact", "get", "big", "-o", "kept", "--pointer")
    assert early.code != 0
    assert "hint: mlgit push" in early.stderr
    done("push")

    theirs = clone("theirs")
    done("artifact", "get", "big", "-o", "kept", "--pointer")
    assert (theirs / "kept" / "model.bin").read_bytes() == pointer_of(DIGEST, len(DATA))
    assert (theirs / "kept" / "notes.txt").read_text() == "small, and in git already\n"
    assert host.lfs.count("GET") == 0
    logged = mlgit("log-run", "--name", "next", "--artifact", "kept/model.bin")
    assert logged.code != 0
    assert "hint: git lfs pull" in logged.stderr


@pytest.mark.parametrize("way", ["git", "dulwich"])
def test_each_push_adds_pointers(
    clone: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """In place of those before, with the git program and without, which reads `.netrc`."""
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    user, _, password = LOGIN.partition(":")
    netrc = Path.home() / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {user} password {password}\n")
    netrc.chmod(0o600)
    ours = clone("ours")
    done("init")
    done("remote", "add", "main", "lfs:origin")
    for number in range(2):
        (ours / "model.bin").write_bytes(DATA + bytes([number]))
        done("log-run", "--artifact", "model.bin")
        pushed = mlgit("push")
        assert (pushed.code, pushed.stderr.count("warning")) == (0, 0), pushed.stderr
    assert len(pointers(ours)) == 2
    assert git(ours, "ls-remote", "origin", "refs/mlgit/pointers/*").stdout.count("\n") == 1


def test_what_the_host_does_not_take_is_not_pushed(
    host: Host, clone: Callable[[str], Path]
) -> None:
    ours = clone("ours")
    done("init")
    done("remote", "add", "main", "lfs:origin")
    (ours / "model.bin").write_bytes(DATA)
    done("log-run", "--name", "big", "--artifact", "model.bin")
    host.lfs.largest = 1000
    refused = mlgit("push")
    assert refused.code != 0
    assert "model.bin" in refused.stderr
    assert "that large" in refused.stderr
    assert "mlgit" not in git(ours, "ls-remote", "--heads", "origin").stdout
