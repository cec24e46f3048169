"""What is said to a forge with a push: real hooks write down what they hear."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.errors import RemoteFailed
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.oid import Oid
from mlgit.git.repository import Repository
from mlgit.git.transport.choice import transport_to
from mlgit.git.transport.protocol import HEADS, Pushed, Update
from tests.support.repos import git, make_repo
from tests.support.servers import serving

BRANCH = f"{HEADS}mlgit"
SAID = ("merge_request.create", "merge_request.title=churn $(touch pwned) ; `id` -- é", "-o x")
WRITE_DOWN = """\
i=0
while test "$i" -lt "${GIT_PUSH_OPTION_COUNT:-0}"; do
  eval "printf '%s\\n' \\"\\$GIT_PUSH_OPTION_$i\\"" >> heard
  i=$((i + 1))
done
"""
PROC_RECEIVE = '''\
#!%s
"""As of a forge: what is pushed to refs/for/ becomes a pull request of another name."""
import sys


def read():
    size = int(sys.stdin.buffer.read(4), 16)
    return sys.stdin.buffer.read(size - 4) if size else None


def write(text):
    line = text.encode()
    sys.stdout.buffer.write(b"%%04x" %% (len(line) + 4) + line)


version = read()
while read():
    pass
write("version=1\\0push-options atomic")
sys.stdout.buffer.write(b"0000")
sys.stdout.buffer.flush()
commands = []
while line := read():
    commands.append(line.decode().split())
options = []
while line := read():
    options.append(line.decode())
open("heard", "w").write("\\n".join(options) + "\\n")
for old, new, ref in commands:
    write(f"ok {ref}")
    write("option refname refs/pull/1/head")
    write(f"option new-oid {new}")
sys.stdout.buffer.write(b"0000")
'''


def hook(hub: Path, name: str, text: str) -> None:
    path = hub / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    code = make_repo(tmp_path / "code")
    (tmp_path / "served").mkdir()
    git(tmp_path / "served", "clone", "-q", "--bare", str(code), "hub.git", check=True)
    place = tmp_path / "served" / "hub.git"
    hook(place, "pre-receive", f"#!/bin/sh\n{WRITE_DOWN}")
    git(place, "config", "receive.advertisePushOptions", "true", check=True)
    return place


@pytest.fixture
def ours(hub: Path, tmp_path: Path) -> Iterator[Repository]:
    git(tmp_path, "clone", "-q", str(hub), "ours", check=True)
    with Repository.discover(tmp_path / "ours") as repository:
        yield repository


def commit(repository: Repository, text: str = "1") -> Oid:
    with writer_lock(repository.state_dir):
        return Branch(repository).commit({"a.txt": text.encode()}, "a commit")


@pytest.mark.parametrize("way", ["-path", "git-git", "git-http", "dulwich-git", "dulwich-http"])
def test_options_reach_the_hooks_word_for_word(
    ours: Repository, hub: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, _, kind = way.partition("-")
    monkeypatch.setenv("MLGIT_TRANSPORT", program)
    with serving(kind, hub.parent) as server:
        for key, value in server.env.items():
            monkeypatch.setenv(key, value)
        url, made = server.url(hub.name), commit(ours)
        transport = transport_to(ours, url, "mlgit")
        assert transport.push([Update(BRANCH, made)], options=SAID) == {BRANCH: Pushed.DONE}
    assert (hub / "heard").read_text().splitlines() == list(SAID)
    assert not (hub / "pwned").exists()


def test_a_folder_without_hooks_has_nobody_to_hear_them(ours: Repository, hub: Path) -> None:
    (hub / "hooks" / "pre-receive").unlink()
    git(hub, "config", "--unset", "receive.advertisePushOptions", check=True)
    transport = transport_to(ours, "origin", "mlgit")
    assert transport.push([Update(BRANCH, commit(ours))], options=SAID) == {BRANCH: Pushed.DONE}


def test_a_server_that_takes_no_options_says_so(ours: Repository, hub: Path) -> None:
    git(hub, "config", "receive.advertisePushOptions", "false", check=True)
    with pytest.raises(RemoteFailed, match="push options"):
        transport_to(ours, "origin", "mlgit").push([Update(BRANCH, commit(ours))], options=SAID)


@pytest.mark.parametrize("way", ["-path", "git-http", "dulwich-git", "dulwich-http"])
def test_what_is_pushed_for_review_gets_another_name_there(
    ours: Repository, hub: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(hub, "proc-receive", PROC_RECEIVE % sys.executable)
    git(hub, "config", "receive.procReceiveRefs", "refs/for", check=True)
    program, _, kind = way.partition("-")
    monkeypatch.setenv("MLGIT_TRANSPORT", program)
    options = ["topic=mlgit-promote/churn/production/v4-0123abcd", "title=promote: churn"]
    with serving(kind, hub.parent) as server:
        for key, value in server.env.items():
            monkeypatch.setenv(key, value)
        transport, made = transport_to(ours, server.url(hub.name), "mlgit"), commit(ours)
        done = transport.push(
            [Update(BRANCH, made), Update("refs/for/mlgit", made)], options=options
        )
    assert done == {BRANCH: Pushed.DONE, "refs/for/mlgit": Pushed.DONE}
    assert (hub / "heard").read_text().splitlines()[-2:] == options
