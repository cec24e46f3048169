"""A remote that is silent, gone, rewritten or never at rest: bounded, told, and nothing lost."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlgit.errors import Conflict
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.store import Store
from tests.support.netcut import DOWN, UP, Fault, line
from tests.support.oracle import mlgit
from tests.support.repos import footprint, git, make_repo
from tests.support.servers import ALLOWED, serving

REF = "refs/heads/mlgit"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A bare repository with code and a store of one run; whole at the end."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", ALLOWED)
    code = make_repo(tmp_path / "code")
    (tmp_path / "served").mkdir()
    path = tmp_path / "served" / "hub.git"
    git(tmp_path, "clone", "-q", "--bare", str(code), str(path), check=True)
    first = clone(path, "first")
    mlgit(first, "init")
    log_run(first)
    mlgit(first, "push")
    yield path
    for place in (path, *(place.parent for place in tmp_path.glob("*/.git"))):
        checked = git(place, "fsck", "--full", "--strict")
        assert checked.returncode == 0, checked.stderr


def clone(hub: Path, name: str) -> Path:
    path = hub.parent.with_name(name)
    git(path.parent, "clone", "-q", str(hub), str(path), check=True)
    return path


def log_run(path: Path) -> str:
    return mlgit(path, "log-run", "-m", "acc=0.5").strip()


def runs(path: Path) -> set[str]:
    return {run["id"] for run in json.loads(mlgit(path, "runs", "--all", "--json"))}


def tip(path: Path) -> str:
    return git(path, "rev-parse", REF, check=True).stdout.strip()


def tell(path: Path, *args: str) -> tuple[int, str]:
    """What `mlgit` ends with and says on standard error, within a minute."""
    argv = [sys.executable, "-m", "mlgit", *args]
    done = subprocess.run(argv, cwd=path, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


@contextmanager
def silence() -> Iterator[int]:
    """The port of a server that accepts, and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=32) as listener:
        yield listener.getsockname()[1]


def mentioning(port: int) -> list[str]:
    """The processes whose command line holds a port."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if f":{port}" in line]


@pytest.mark.parametrize(
    ("scheme", "command"),
    [
        ("git", "push"),
        pytest.param("http", "push", marks=pytest.mark.full),
        pytest.param("http", "pull", marks=pytest.mark.full),
        pytest.param("ssh", "pull", marks=pytest.mark.full),
        pytest.param("ssh", "sync", marks=pytest.mark.full),
        pytest.param("git", "sync", marks=pytest.mark.full),
    ],
)
def test_a_silent_remote_is_given_up(
    hub: Path, scheme: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_TIMEOUT", "1.5")
    path = clone(hub, "ours")
    log_run(path)
    before, there = footprint(path), tip(path)
    with silence() as port:
        git(path, "remote", "set-url", "origin", f"{scheme}://127.0.0.1:{port}/hub.git")
        config = (path / ".git" / "config").read_text()
        code, said = tell(path, command)
        assert code == 5
        assert "did not answer within" in said
        assert "MLGIT_TIMEOUT" in said
        assert not mentioning(port)
    git(path, "remote", "set-url", "origin", str(hub), check=True)
    assert f":{port}/" in config
    assert footprint(path) == before
    assert tip(path) == there
    mlgit(path, "push")
    assert tip(hub) == there


@pytest.mark.parametrize("scheme", ["git", pytest.param("http", marks=pytest.mark.full)])
def test_a_remote_that_refuses_connections_is_named_at_once(hub: Path, scheme: str) -> None:
    path = clone(hub, "ours")
    log_run(path)
    with silence() as port:
        pass
    git(path, "remote", "set-url", "origin", f"{scheme}://127.0.0.1:{port}/hub.git", check=True)
    for command in ("pull", "push", "sync"):
        code, said = tell(path, command)
        assert code == 5
        assert "origin" in said
        assert "nothing is lost" in said


@pytest.mark.parametrize("for_good", [False, True])
def test_an_answer_that_was_lost_is_asked_for(hub: Path, for_good: bool) -> None:
    path = clone(hub, "ours")
    with serving("git", hub.parent) as server, line(server.port) as faulty:
        url = server.url("hub.git").replace(f":{server.port}", f":{faulty.port}")
        git(path, "remote", "set-url", "origin", url, check=True)
        log_run(path)
        mlgit(path, "push")
        log_run(path)
        # Its answer, of some 50 bytes, follows a list of refs that is as long as before.
        faulty.after(DOWN, faulty.count[DOWN] - 45, Fault.DROP, for_good=for_good)
        code, said = tell(path, "push")
        assert faulty.hit
        assert tip(hub) == tip(path)
        assert code == (5 if for_good else 0), said
        assert for_good != ("pushed to origin" in said)
        faulty.after(UP, None)
        assert tell(path, "push") == (0, "origin has all of it\n")


def test_what_a_forced_push_took_away_is_brought_back(hub: Path) -> None:
    path, other = clone(hub, "ours"), clone(hub, "theirs")
    before = tip(hub)
    landed = log_run(path)
    mlgit(path, "push")
    mlgit(other, "pull")
    git(other, "update-ref", REF, before, check=True)
    theirs = log_run(other)
    git(other, "push", "-q", "--force", "origin", REF, check=True)
    assert landed not in runs(other)
    ours = log_run(path)
    mlgit(path, "pull")
    assert {landed, theirs, ours} <= runs(path)
    mlgit(path, "push")
    mlgit(other, "pull")
    assert {landed, theirs, ours} <= runs(other)


@pytest.mark.full
def test_a_history_put_in_place_of_ours_is_taken_in(hub: Path, tmp_path: Path) -> None:
    path = clone(hub, "ours")
    mine = {*runs(path), log_run(path)}
    other = make_repo(tmp_path / "other")
    mlgit(other, "init")
    theirs = log_run(other)
    git(other, "push", "-q", "--force", str(hub), REF, check=True)
    mlgit(path, "sync")
    assert {*mine, theirs} == runs(path)
    assert tip(hub) == tip(path)


MOVING = """#!/bin/sh
unset GIT_QUARANTINE_PATH
while read -r old new ref; do
    [ "$ref" = refs/heads/mlgit ] || continue
    next=$(($(cat moved 2>/dev/null || echo 0) + 1))
    [ $next -le 20 ] || exit 0
    echo $next >moved
    git update-ref refs/heads/mlgit "refs/prepared/$next"
done
"""


@pytest.mark.full
def test_a_remote_that_moves_twenty_times_loses_nothing(hub: Path) -> None:
    path, other = clone(hub, "ours"), clone(hub, "theirs")
    made = {log_run(path)}
    for number in range(1, 21):
        made.add(log_run(other))
        git(other, "push", "-q", str(hub), f"{REF}:refs/prepared/{number}", check=True)
    hook = hub / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(MOVING)
    hook.chmod(0o755)
    before, said = footprint(path), []
    with Store.open(path) as store:
        for _ in range(4):
            try:
                sync(store, transport_of(store), sleep=lambda _: None)
                break
            except Conflict as error:
                said.append(error.message)
    assert footprint(path) == before
    assert len(said) <= 2
    assert all("nothing is lost" in words for words in said)
    assert (hub / "moved").exists()
    hook.unlink()
    mlgit(other, "sync")
    mlgit(path, "sync")
    assert made <= runs(path)
    assert tip(hub) == tip(path)


@pytest.mark.full
def test_a_pull_while_the_remote_moves_takes_what_it_saw(hub: Path) -> None:
    path, other = clone(hub, "ours"), clone(hub, "theirs")
    seen = log_run(other)
    mlgit(other, "push")
    with Store.open(path) as store:
        transport = transport_of(store)
        fetched = transport.fetch()
        later = log_run(other)
        mlgit(other, "push")
        assert fetched.tip is not None
        assert pull(store, transport) is not None
    assert {seen, later} <= runs(path)


def test_there_is_no_network_without_being_asked(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clone(hub, "ours")
    with silence() as port:
        git(path, "remote", "set-url", "origin", f"git://127.0.0.1:{port}/hub.git", check=True)
        monkeypatch.setenv("MLGIT_TIMEOUT", "1")
        log_run(path)
        for command in (["runs"], ["status"], ["check"], ["doctor"]):
            assert tell(path, *command)[0] == 0
