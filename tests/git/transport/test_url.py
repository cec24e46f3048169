"""Which address a remote's name stands for, and which may never be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import Unsupported
from mlgit.git.repository import Repository
from mlgit.git.transport.url import Address, address_of
from tests.support.repos import git


@pytest.fixture(autouse=True)
def all_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_ALLOW_PROTOCOL")


def address(path: Path, remote: str, *, push: bool = False) -> Address:
    with Repository.discover(path) as repository:
        return address_of(repository, remote, push=push)


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "user", "path"),
    [
        ("https://example.org/a/b.git", "https", "example.org", None, None, "/a/b.git"),
        ("https://ada:word@example.org/b", "https", "example.org", None, "ada", "/b"),
        ("ssh://ada@example.org:2222/~/b", "ssh", "example.org", 2222, "ada", "/~/b"),
        ("git+ssh://example.org/b%20c", "ssh", "example.org", None, None, "/b c"),
        ("git://example.org/b", "git", "example.org", None, None, "/b"),
        ("ada@example.org:b.git", "ssh", "example.org", None, "ada", "b.git"),
        ("example.org:/srv/b.git", "ssh", "example.org", None, None, "/srv/b.git"),
        ("file:///srv/b%20c", "file", "", None, None, "/srv/b c"),
        ("/srv/a:b", "file", "", None, None, "/srv/a:b"),
    ],
)
def test_an_address_is_read_as_git_reads_it(
    repo: Path, url: str, scheme: str, host: str, port: int | None, user: str | None, path: str
) -> None:
    assert address(repo, url) == Address(scheme, url, path, host, port, user)


def test_a_relative_path_is_relative_to_the_work_tree(repo: Path) -> None:
    assert Path(address(repo, "../hub.git").path).resolve() == repo.parent / "hub.git"


def test_what_the_user_has_configured_counts(repo: Path) -> None:
    git(repo, "remote", "add", "origin", "short:team/b.git", check=True)
    git(repo, "config", "--global", "url.https://example.org/.insteadOf", "short:", check=True)
    assert address(repo, "origin").url == "https://example.org/team/b.git"
    git(repo, "config", "url.git@example.org:.pushInsteadOf", "short:", check=True)
    assert address(repo, "origin", push=True).scheme == "ssh"
    git(repo, "config", "remote.origin.pushurl", "/srv/b.git", check=True)
    assert address(repo, "origin", push=True).path == "/srv/b.git"
    assert address(repo, "origin").scheme == "https"


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch pwned'",
        "fd::17",
        "ssh://-oProxyCommand=touch/b",
        "-oProxyCommand=touch:b",
        "ada@-oProxyCommand=touch:b",
        "host:--upload-pack=touch",
        "ssh:///b",
        "ftp://example.org/b",
        "https://example.org:port/b",
    ],
)
def test_what_a_program_would_run_is_refused(repo: Path, url: str) -> None:
    with pytest.raises(Unsupported):
        address(repo, url)


def test_what_is_forbidden_is_refused_without_the_password(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repo, "config", "protocol.git.allow", "never", check=True)
    with pytest.raises(Unsupported, match="git is not allowed"):
        address(repo, "git://example.org/b")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:ssh")
    with pytest.raises(Unsupported) as refused:
        address(repo, "https://ada:secret@example.org/b")
    assert "secret" not in f"{refused.value.message}{refused.value.facts}"
