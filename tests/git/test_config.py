"""Git's configuration, as git reads it, and nothing of a file that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import Damaged
from mlgit.git.config import Config
from tests.support.repos import git

SECRET = "root:x:0:0:secret-line-of-another-file"


def config_of(repo: Path) -> Config:
    return Config(repo / ".git", repo / ".git")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user.name", "Zoë Müller"),
        ("branch.mlgit.remote", "origin"),
        ("remote.Origin With Space.url", "https://x/y#z;"),
        ("core.bare", "false"),
        ("mlgit.something", ' quoted "x" \\ '),
    ],
)
def test_a_value_is_the_one_git_reads(repo: Path, key: str, value: str) -> None:
    git(repo, "config", key, value, check=True)
    section, name = key.rsplit(".", 1)
    assert config_of(repo).get(section, name) == value


def test_the_repository_wins_over_the_user_and_the_last_value_counts(
    repo: Path, tmp_path: Path
) -> None:
    (tmp_path / "home/.gitconfig").write_text("[user]\n\tname = Home\n\temail = home@x\n")
    (tmp_path / "home/.config/git").mkdir(parents=True)
    (tmp_path / "home/.config/git/config").write_text("[user]\n\tname = Xdg\n[a]\n\tb = xdg\n")
    git(repo, "config", "--add", "user.name", "First", check=True)
    git(repo, "config", "--add", "user.name", "Second", check=True)
    config = config_of(repo)
    assert config.get("user", "name") == "Second"
    assert config.get("user", "email") == "home@x"
    assert config.get("a", "b") == "xdg"
    assert config.get("a", "none") is None
    assert config.of_user("user", "name") == "Home"
    assert config.of_repository("user", "email") is None


def test_user_files_are_those_the_environment_names(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home/.gitconfig").write_text("[a]\n\tb = home\n")
    (tmp_path / "other").write_text("[a]\n\tb = other\n")
    (tmp_path / "system").write_text("[a]\n\tc = system\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "system"))
    assert config_of(repo).get("a", "b") == "other"
    assert config_of(repo).get("a", "c") is None
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "0")
    assert config_of(repo).get("a", "c") == "system"


def test_values_in_the_environment_are_the_users(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for number, (key, value) in enumerate([("safe.directory", "*"), ("remote.a.b.url", "u")]):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    config = config_of(repo)
    assert config.of_user("safe", "directory") == "*"
    assert config.of_user("remote.a.b", "url") == "u"


def test_a_linked_work_trees_own_file_counts_when_it_is_enabled(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", str(linked), check=True)
    git(repo, "config", "extensions.worktreeConfig", "true", check=True)
    git(linked, "config", "--worktree", "mlgit.here", "yes", check=True)
    assert Config(repo / ".git/worktrees/linked", repo / ".git").get("mlgit", "here") == "yes"
    assert config_of(repo).get("mlgit", "here") is None


def test_an_included_file_counts_and_a_foreign_one_is_never_quoted(
    repo: Path, tmp_path: Path
) -> None:
    (tmp_path / "more").write_text("[user]\n\tname = Included\n")
    git(repo, "config", "include.path", str(tmp_path / "more"), check=True)
    assert config_of(repo).get("user", "name") == "Included"
    (tmp_path / "more").write_text(f"{SECRET}\n")
    with pytest.raises(Damaged) as caught:
        config_of(repo).get("user", "name")
    (tmp_path / "more").write_text("")
    shown = f"{caught.value.message} {caught.value.hint} {caught.value.facts}"
    assert "secret" not in shown
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("text", ["[broken", "[a]\n\tb = 'x\n\\", "=\n"])
def test_a_file_that_is_no_config_is_named(repo: Path, text: str) -> None:
    path = repo / ".git/config"
    whole = path.read_text()
    path.write_text(text)
    with pytest.raises(Damaged) as caught:
        config_of(repo).get("user", "name")
    path.write_text(whole)
    assert caught.value.facts["path"] == str(path)


def test_flags_names_and_subsections(repo: Path) -> None:
    git(repo, "config", "remote.one.url", "x", check=True)
    git(repo, "config", "remote.two.url", "y", check=True)
    git(repo, "config", "a.b", "on", check=True)
    config = config_of(repo)
    assert config.subsections("remote") == ["one", "two"]
    assert config.names_in("a") == ["b"]
    assert config.flag("a", "b", default=False)
    assert config.flag("a", "none", default=True)
    assert not config.flag("core", "bare", default=True)
