"""A remote that refuses: no word of the credentials on the screen, in the branch, in the clone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.cli.harness import mlgit
from tests.holdings.named_runs import record
from tests.support.mirror import Answer, Mirror, mirror
from tests.support.repos import git

pytestmark = pytest.mark.full

SECRETS = {
    "AWS_ACCESS_KEY_ID": "canary-access-key",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-key",
    "AWS_SESSION_TOKEN": "canary-session",
}
COMMANDS = (
    ["remote", "list"],
    ["push"],
    ["sync"],
    ["artifact", "get", "@last", "-o", "out"],
    ["artifact", "verify", "--remote"],
    ["gc", "--remote", "main"],
    ["status"],
    ["doctor"],
)


@pytest.fixture
def cloud(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """An S3 that refuses, and quotes what it was shown, as some proxies do."""
    pytest.importorskip("s3fs")
    said = "".join(f"<Message>{secret}</Message>" for secret in SECRETS.values())
    with mirror(repo) as web:
        text = f"<?xml version='1.0'?><Error><Code>AccessDenied</Code>{said}</Error>"
        web.always = Answer(403, [("Content-Type", "application/xml")], text.encode())
        environment = {"AWS_ENDPOINT_URL_S3": web.url, "AWS_DEFAULT_REGION": "us-east-1"}
        for name, value in {**SECRETS, **environment}.items():
            monkeypatch.setenv(name, value)
        yield web


@pytest.mark.parametrize("tty", [True, False])
def test_no_secret_is_seen(cloud: Mirror, repo: Path, tmp_path: Path, tty: bool) -> None:
    hub = tmp_path / "hub.git"
    git(tmp_path, "init", "-q", "--bare", str(hub))
    git(repo, "remote", "add", "origin", str(hub))
    with Store.init().store as store:
        record(store, "9f3c000000000001", {"model.bin": b"weights"})
    assert mlgit("remote", "add", "main", "s3://bucket/team").code == 0
    refused = []
    for command in COMMANDS:
        cloud.seen.clear()
        found = mlgit(*command, tty=tty)
        assert "canary" not in found.screen, command
        if cloud.seen:
            assert "AWS_ACCESS_KEY_ID" in found.stderr, found.screen
            refused.append(command[0])
    assert {"push", "artifact"} <= set(refused)
    misspelt = mlgit("remote", "add", "other", "s3://user:canary@bucket/team")
    assert misspelt.code
    assert "canary" not in misspelt.screen
    assert "canary" not in git(repo, "log", "-p", "--all", check=True).stdout
    assert [
        path for path in repo.rglob("*") if path.is_file() and b"canary" in path.read_bytes()
    ] == []
