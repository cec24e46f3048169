"""A push asks on a terminal whether a remote that came with the branch may be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.holdings.remotes import add_remote
from mlgit.holdings.trust import trusted_urls, untrust
from mlgit.store.store import Store
from tests.cli.harness import mlgit
from tests.holdings.named_runs import digest_of, record
from tests.support.console import answered
from tests.support.repos import git

DIGEST = digest_of(b"weights")


@pytest.fixture
def shelf(repo: Path, tmp_path: Path) -> Path:
    """A remote that somebody else has named, of a store with bytes to send."""
    path = tmp_path / "shelf"
    path.mkdir()
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "hub.git")
    git(repo, "remote", "add", "origin", str(tmp_path / "hub.git"))
    git(repo, "push", "-q", "origin", "main")
    with Store.init(repo).store as store:
        add_remote(store, "main", str(path))
        record(store, "9f3c000000000001", {"model.bin": b"weights"})
    untrust(str(path))
    return path


def tip(shelf: Path) -> str:
    return git(shelf.parent / "hub.git", "rev-parse", "-q", "--verify", "mlgit").stdout


@pytest.mark.parametrize("command", ["push", "sync"])
def test_yes_trusts_it_and_goes_on(shelf: Path, command: str) -> None:
    code, printed = answered(b"y\n", command)
    flat = " ".join(printed.split())
    assert code == 0, printed
    assert f"({shelf}) came with the branch and is not trusted here. Use it? [y/N]:" in flat
    assert "1 artifact (7 B) sent to main" in flat
    assert trusted_urls() == [str(shelf)]
    assert ObjectCache(shelf).verify(DIGEST)
    assert tip(shelf)
    again, printed = answered(b"", "push")
    assert again == 0
    assert "Use it?" not in printed


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04"])
def test_anything_else_leaves_all_as_it_was(shelf: Path, answer: bytes) -> None:
    code, printed = answered(answer, "push")
    assert code != 0
    assert "Use it? [y/N]:" in " ".join(printed.split())
    assert "[E-BUG]" not in printed
    assert trusted_urls() == []
    assert list(shelf.iterdir()) == []
    assert not tip(shelf)


def test_where_nobody_can_answer_the_command_is_named(shelf: Path) -> None:
    found = mlgit("push")
    assert found.code != 0
    assert "Use it?" not in found.screen
    assert "hint: mlgit remote trust main" in found.stderr
    assert list(shelf.iterdir()) == []
