"""A clone names a remote of a stranger: no command that reads, and no push, contacts it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlgit.records import layout
from mlgit.store.store import Store
from tests.cli.harness import mlgit
from tests.holdings.named_runs import record

COMMANDS = [
    ["runs"],
    ["show", "@last", "--files"],
    ["compare", "@last", "@{2}"],
    ["diff", "@{2}", "@last"],
    ["plot", "val_acc", "@last"],
    ["best", "val_acc"],
    ["log"],
    ["experiments"],
    ["conflicts"],
    ["config"],
    ["status"],
    ["remote", "list"],
    ["artifact", "ls", "@last"],
    ["artifact", "get", "@last", "-o", "out"],
    ["artifact", "cat", "@last", "model.bin"],
    ["check"],
    ["check", "--deep"],
    ["doctor"],
    ["doctor", "--deep"],
    ["recover"],
    ["gc"],
    ["push"],
    ["sync"],
]


@dataclass
class Stranger:
    """A port on loopback that takes connections, counts them and hangs up."""

    port: int
    met: list[object] = field(default_factory=list)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        found = Stranger(server.getsockname()[1])

        def listen() -> None:
            with suppress(OSError):
                while True:
                    connection, who = server.accept()
                    found.met.append(who)
                    connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield found
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.fixture
def hostile(repo: Path, stranger: Stranger) -> Path:
    """A store whose runs name bytes that, as it says, the stranger has."""
    with Store.init().store as store:
        record(store, "9f3c000000000001", {"model.bin": b"weights"}, keep=False)
        record(store, "9f3d000000000002", {"model.bin": b"others"}, keep=False)
        url = f"http://127.0.0.1:{stranger.port}/artifacts"
        with store.change("remotes") as change:
            change.put(
                layout.SETTINGS, f"format: 1\nremotes: {{main: {{url: {url!r}}}}}\n".encode()
            )
    return repo


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("tty", [True, False])
def test_no_command_contacts_a_remote_that_nobody_trusts(stranger: Stranger, tty: bool) -> None:
    for command in COMMANDS:
        mlgit(*command, tty=tty)
        assert not stranger.met, command


@pytest.mark.full
@pytest.mark.usefixtures("hostile")
def test_the_stranger_would_notice(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    url = f"http://127.0.0.1:{stranger.port}/artifacts"
    monkeypatch.setenv("MLGIT_TRUSTED_REMOTES", url)
    monkeypatch.setenv("MLGIT_TIMEOUT", "5")
    mlgit("artifact", "get", "@last", "-o", "out")
    assert stranger.met
