"""The same story through every server and every way that git has to reach one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from mlgit.errors import RemoteFailed
from mlgit.git.transport.protocol import INBOX, Pushed, Transport, Update
from mlgit.runs import begin, edit
from mlgit.sharing.push import push
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.store import Store
from tests.support.repos import footprint, git, make_repo
from tests.support.servers import ALLOWED, KINDS, Server, serving, ssh_command
from tests.support.web import Web, web_server

BRANCH = "refs/heads/mlgit"
WAYS = ("git", "dulwich")
EVERYDAY = {("git", "git"), ("http", "dulwich")}
EVERY = [
    pytest.param((kind, way), marks=[] if (kind, way) in EVERYDAY else [pytest.mark.full])
    for way in WAYS
    for kind in KINDS
]


class Team(NamedTuple):
    """A server with the repository `hub.git`, and who clones it."""

    kind: str
    way: str
    server: Server
    hub: Path
    clone: Callable[[str], Store]


@pytest.fixture
def team(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Team]:
    """A team whose server is of the kind, and whose way is the one, that the test asks for."""
    kind, way = request.param
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    hub = make_hub(tmp_path)
    with ExitStack() as stack:
        server = stack.enter_context(serving(kind, hub.parent))
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)

        def clone(name: str) -> Store:
            return stack.enter_context(Store.open(clone_of(server.url("hub.git"), tmp_path / name)))

        yield Team(kind, way, server, hub, clone)
    for path in (hub, *tmp_path.glob("clone-*")):
        assert git(path, "fsck", "--full", "--strict").returncode == 0


def make_hub(tmp_path: Path) -> Path:
    """A bare repository with code, alone in its folder."""
    code = make_repo(tmp_path / "code")
    (tmp_path / "served").mkdir()
    hub = tmp_path / "served" / "hub.git"
    git(tmp_path, "clone", "-q", "--bare", str(code), str(hub), check=True)
    return hub


def clone_of(url: str, path: Path) -> Path:
    """A clone that has a store."""
    git(path.parent, "clone", "-q", url, str(path), check=True)
    if git(path, "rev-parse", "-q", "--verify", "origin/mlgit").returncode:
        Store.init(path).store.close()
    return path


def top(store: Store) -> Path:
    assert store.home.work_tree is not None
    return store.home.work_tree


def record(store: Store) -> str:
    run = begin.start(store, "churn")
    run.log_metric("acc", 0.9)
    run.finish()
    return run.id


def ids(store: Store) -> set[str]:
    snapshot = store.snapshot()
    return {snapshot.run(folder).id for folder in snapshot.run_folders()}


def at_hub(team: Team, ref: str = BRANCH) -> bytes:
    return git(team.hub, "rev-parse", "-q", "--verify", ref).stdout.strip().encode()


def on_a_terminal(cwd: Path, *args: str) -> tuple[int, str]:
    """`mlgit` with a terminal that it could ask at, and nobody there; its code and all it said."""
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    argv = [sys.executable, "-c", spawn, sys.executable, "-m", "mlgit", *args]
    done = subprocess.run(
        argv,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_a_team_shares_all_it_records(team: Team) -> None:
    ours = team.clone("clone-ours")
    before = footprint(top(ours))
    made = {record(ours)}
    assert push(ours, transport_of(ours)).pushed
    assert at_hub(team) == ours.branch.tip()
    assert not push(ours, transport_of(ours)).pushed
    theirs = team.clone("clone-theirs")
    assert ids(theirs) == made
    made.add(record(ours))
    assert push(ours, transport_of(ours)).pushed
    pulled = pull(theirs, transport_of(theirs))
    assert pulled is not None
    assert pulled.after == ours.branch.tip() == at_hub(team)
    made |= {record(ours), record(theirs)}
    for store in (ours, theirs, ours):
        sync(store, transport_of(store))
    assert ids(ours) == ids(theirs) == made
    assert ours.branch.tip() == theirs.branch.tip() == at_hub(team)
    assert footprint(top(ours)) == before


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_a_push_that_comes_second_changes_nothing(team: Team) -> None:
    ours = team.clone("clone-ours")
    record(ours)
    push(ours, transport_of(ours))
    theirs = team.clone("clone-theirs")
    record(ours)
    push(ours, transport_of(ours))
    record(theirs)
    for force, old in ((False, None), (True, theirs.branch.tip())):
        update = Update(BRANCH, theirs.branch.tip(), old=old, force=force)
        assert transport_of(theirs).push([update]) == {BRANCH: Pushed.RACED}
    assert at_hub(team) == ours.branch.tip()
    assert push(theirs, transport_of(theirs)).pushed


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_a_branch_is_put_back_only_from_where_it_was_seen(team: Team) -> None:
    ours = team.clone("clone-ours")
    first = ours.branch.tip()
    record(ours)
    push(ours, transport_of(ours))
    seen = ours.branch.tip()
    update = Update(BRANCH, first, old=seen, force=True)
    assert transport_of(ours).push([update]) == {BRANCH: Pushed.DONE}
    assert at_hub(team) == first
    assert transport_of(ours).push([update])[BRANCH] in (Pushed.RACED, Pushed.UP_TO_DATE)


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_the_inbox_is_filled_seen_and_emptied(team: Team) -> None:
    ours, theirs = team.clone("clone-ours"), team.clone("clone-theirs")
    push(ours, transport_of(ours))
    record(theirs)
    tip, ref, other = theirs.branch.tip(), f"{INBOX}clone-1", f"{INBOX}clone-2"
    there: Transport = transport_of(theirs)
    assert there.push([Update(ref, tip), Update(other, tip)]) == dict.fromkeys(
        (ref, other), Pushed.DONE
    )
    assert at_hub(team, ref) == tip
    here: Transport = transport_of(ours)
    fetched = here.fetch()
    assert fetched.tip == ours.branch.tip()
    assert fetched.inbox == {ref: tip, other: tip}
    assert tip is not None
    assert ours.repository.objects.commit(tip).parents
    stale = Update(ref, None, old=ours.branch.tip())
    assert here.push([stale]) == {ref: Pushed.RACED}
    assert at_hub(team, ref) == tip
    assert here.push([Update(ref, None, old=tip)]) == {ref: Pushed.DONE}
    assert not at_hub(team, ref)
    assert transport_of(theirs).fetch().inbox == {other: tip}
    assert here.fetch().inbox == {other: tip}


@pytest.mark.parametrize("team", EVERY, indirect=True)
@pytest.mark.parametrize("name", ["nowhere.git", "folder"])
def test_what_is_not_there_is_named(team: Team, name: str) -> None:
    ours = team.clone("clone-ours")
    (team.hub.parent / "folder").mkdir()
    git(top(ours), "remote", "set-url", "origin", team.server.url(name), check=True)
    record(ours)
    tip = ours.branch.tip()
    for act in (pull, push, sync):
        with Store.open(top(ours)) as again, pytest.raises(RemoteFailed, match="origin") as refused:
            act(again, transport_of(again))
        assert refused.value.hint
        assert "nothing" not in refused.value.message
    assert ours.branch.tip() == tip


PROTECTED = """#!/bin/sh
while read -r old new ref; do
    case $ref in refs/heads/mlgit)
        echo "error: GH006: Protected branch update failed for $ref." >&2
        exit 1;;
    esac
done
"""


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_a_hook_that_refuses_is_heard(team: Team) -> None:
    ours = team.clone("clone-ours")
    record(ours)
    hook = team.hub / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(PROTECTED)
    hook.chmod(0o755)
    tip = ours.branch.tip()
    with pytest.raises(RemoteFailed, match="hook") as refused:
        push(ours, transport_of(ours))
    if team.way == "git":
        assert "right to push" in refused.value.hint
        assert "GH006" in refused.value.message
    assert (at_hub(team), ours.branch.tip()) == (b"", tip)
    hook.unlink()
    assert push(ours, transport_of(ours)).pushed


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["git", pytest.param("http", marks=pytest.mark.full)])
def test_a_server_that_only_gives_is_named(
    kind: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", ALLOWED)
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    hub = make_hub(tmp_path)
    with (
        serving(kind, hub.parent, writable=False) as server,
        Store.open(clone_of(server.url("hub.git"), tmp_path / "ours")) as ours,
    ):
        record(ours)
        assert pull(ours, transport_of(ours)) is None
        with pytest.raises(RemoteFailed, match="origin") as refused:
            push(ours, transport_of(ours))
        assert refused.value.hint
    assert not git(hub, "rev-parse", "-q", "--verify", BRANCH).stdout


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Web, Path]]:
    """A web server that a test can have misbehave, and a clone with a run it has not got."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", ALLOWED)
    hub = make_hub(tmp_path)
    with web_server(hub.parent) as server:
        path = clone_of(f"{server.url}/hub.git", tmp_path / "ours")
        with Store.open(path) as store:
            record(store)
        yield server, path
    assert git(hub, "fsck", "--full", "--strict").returncode == 0


@pytest.mark.parametrize("login", ["", "ada:wrong"])
@pytest.mark.parametrize("way", WAYS)
def test_without_a_password_nobody_is_asked_for_one(
    web: tuple[Web, Path], login: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    server, path = web
    server.login = "ada:secret"
    url = server.url.replace("//", f"//{login}@" if login else "//")
    git(path, "remote", "set-url", "origin", f"{url}/hub.git", check=True)
    code, said = on_a_terminal(path, "push")
    assert code == 5
    assert {"git": "log in as for `git push`", "dulwich": "~/.git-credentials"}[way] in said
    assert "wrong" not in said


@pytest.mark.full
@pytest.mark.parametrize("way", WAYS)
def test_the_password_of_a_credential_helper_is_used(
    web: tuple[Web, Path], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    server, path = web
    server.login = "ada:secret"
    kept = Path(os.environ["HOME"]) / ".git-credentials"
    kept.write_text(f"{server.url.replace('//', '//ada:secret@')}\n")
    git(path, "config", "--global", "credential.helper", "store", check=True)
    with Store.open(path) as store:
        assert push(store, transport_of(store)).pushed


@pytest.mark.full
@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 502])
@pytest.mark.parametrize("way", WAYS)
def test_what_a_web_server_answers_instead_is_said(
    web: tuple[Web, Path], status: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    server, path = web
    with Store.open(path) as store:
        server.status = status
        with pytest.raises(RemoteFailed) as refused:
            push(store, transport_of(store))
        said = f"{refused.value.message} {refused.value.facts['said']}"
        assert {401: "user", 404: ""}.get(status, str(status)).lower() in said.lower()
        assert refused.value.hint
        server.status = 0
        assert push(store, transport_of(store)).pushed


@pytest.mark.full
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("chunked", [False, True])
def test_chunks_and_compressed_requests_are_understood(
    web: tuple[Web, Path], way: str, chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    server, path = web
    server.chunked = chunked
    git(path, "config", "http.postBuffer", "200000", check=True)  # what is longer goes in chunks
    with Store.open(path) as ours:
        [folder] = ours.snapshot().run_folders()
        edit.set_note(ours, folder, Random(1).randbytes(300_000).hex())
        for _ in range(40):  # that many commits are named in a request that is compressed
            record(ours)
        assert push(ours, transport_of(ours)).pushed
        theirs = clone_of(f"{server.url}/hub.git", path.with_name("theirs"))
        with Store.open(theirs) as other:
            record(other)
            push(other, transport_of(other))
            assert ids(other) > ids(ours)
        for _ in range(40):
            record(ours)
        sync(ours, transport_of(ours))
        assert len(ids(ours)) == 82  # one from the beginning, one of theirs, and 80
    if way == "git":
        assert "chunked plain" in server.seen, server.seen
        assert "gzip" in server.seen, server.seen


@pytest.mark.full
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("lacking", ["key", "host"])
def test_ssh_asks_nobody(
    lacking: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", ALLOWED)
    hub = make_hub(tmp_path)
    with serving("ssh", hub.parent) as server:
        monkeypatch.setenv("GIT_SSH_COMMAND", server.env["GIT_SSH_COMMAND"])
        path = clone_of(server.url("hub.git"), tmp_path / "ours")
        home = hub.parent.with_name("served-ssh")
        if lacking == "host":
            (home / "known").write_text("")
        key = "stranger" if lacking == "key" else "user"
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh_command(home, key))
        code, said = on_a_terminal(path, "push")
    assert code == 5
    assert "nothing is lost" in said
    assert {"key": "Permission denied", "host": "verification failed"}[lacking] in said
