"""Another user's repository is not used unasked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlgit.errors import Unsupported
from mlgit.git.repository import Repository
from tests.support.repos import make_repo

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away"
)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A repository of another user."""
    path = make_repo(tmp_path / "foreign")
    os.chown(path, 12345, 12345)
    os.chown(path / ".git", 12345, 12345)
    return path


def test_a_foreign_repository_is_refused_with_the_way_to_trust_it(foreign: Path) -> None:
    with pytest.raises(Unsupported) as caught:
        Repository.discover(foreign)
    assert "uid 12345" in caught.value.message
    assert f"safe.directory {foreign}" in caught.value.hint


@pytest.mark.parametrize("listed", ["{path}", "{path}/", "*", "{parent}/*"])
def test_a_listed_one_is_used(foreign: Path, tmp_path: Path, listed: str) -> None:
    value = listed.format(path=foreign, parent=foreign.parent)
    (tmp_path / "home/.gitconfig").write_text(f"[safe]\n\tdirectory = {value}\n")
    with Repository.discover(foreign) as repository:
        assert repository.work_tree == foreign


@pytest.mark.parametrize("lines", ["directory = *\n\tdirectory =", "directory = /elsewhere"])
def test_an_emptied_list_or_another_folder_does_not_count(
    foreign: Path, tmp_path: Path, lines: str
) -> None:
    (tmp_path / "home/.gitconfig").write_text(f"[safe]\n\t{lines}\n")
    with pytest.raises(Unsupported):
        Repository.discover(foreign)


def test_its_own_config_cannot_make_it_trusted(foreign: Path) -> None:
    with (foreign / ".git/config").open("a") as file:
        file.write("[safe]\n\tdirectory = *\n")
    with pytest.raises(Unsupported):
        Repository.discover(foreign)


def test_root_may_use_what_belongs_to_the_user_behind_sudo(
    foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", "12345")
    with Repository.discover(foreign) as repository:
        assert repository.work_tree == foreign
    monkeypatch.setenv("SUDO_UID", "1")
    with pytest.raises(Unsupported):
        Repository.discover(foreign)
