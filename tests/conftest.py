"""The sealed environment every test runs in: private HOME, fixed identity, no system git config."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.repos import git, make_repo

# How long an example takes says how busy the machine is.
settings.register_profile("mlgit", deadline=None)
settings.load_profile("mlgit")

_KEPT = {"PATH", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "COVERAGE_PROCESS_START"}


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own git, mlgit or CI settings can reach a test."""
    for key in set(os.environ) - _KEPT:
        if not key.startswith(("PYTEST", "OPENBLAS")):
            monkeypatch.delenv(key, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_EDITOR", "false")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada Tester")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with one commit on `main`; the current directory is its work tree."""
    path = make_repo(tmp_path / "project")
    monkeypatch.chdir(path)
    yield path
    assert git(path, "fsck", "--full", "--strict").returncode == 0
