"""What servers answer instead: only giving, asking for a password, errors, chunks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from mlgit import times
from mlgit.errors import RemoteFailed
from mlgit.runs import edit
from mlgit.sharing.push import push
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.store import Store
from tests.sharing.hubs import BRANCH, WAYS, clone_of, ids, make_hub, on_a_terminal, record
from tests.support.repos import git
from tests.support.servers import ALLOWED, serving, ssh_command
from tests.support.web import Web, web_server


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
        later = times.Sources(clock=lambda: time.time_ns() // 1_000_000 + 3_600_000)
        with times.pinned(later):  # newer than theirs, so that git names them first, and many
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
