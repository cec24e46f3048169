"""A server that takes a connection and never says a word is waited for no longer than told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.errors import RemoteFailed
from mlgit.git.repository import Repository
from mlgit.git.transport.choice import transport_to


@pytest.fixture
def silent() -> Iterator[str]:
    """Host and port of a server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.timeout(30)  # half of what a read may wait where the whole may take longer
@pytest.mark.parametrize("scheme", ["git", "http"])
@pytest.mark.parametrize("way", ["git", "dulwich"])
def test_a_silent_server_is_given_up_in_time(
    repo: Path, silent: str, scheme: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "git:http")
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    monkeypatch.setenv("MLGIT_TIMEOUT", "1")
    with Repository.discover(repo) as repository:
        transport = transport_to(repository, f"{scheme}://{silent}/hub.git", "mlgit")
        with pytest.raises(RemoteFailed):
            transport.fetch()
