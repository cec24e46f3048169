"""In a repository that is shared, colleagues may use all that a run leaves; elsewhere nobody."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlgit
from mlgit.cli.main import main
from mlgit.store.store import Store
from mlgit.tracker import forget
from tests.support.repos import git


@pytest.fixture(autouse=True)
def private_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def work(repo: Path) -> dict[str, int]:
    """Do what makes files of every kind; the mode of each by its path."""
    with Store.init(repo).store as store:
        big = os.urandom(200_000)
        (repo / "big.bin").write_bytes(big)
        with mlgit.start_run() as run:
            mlgit.log_metric("m", 1.0)
            mlgit.log_artifact("big.bin")
            found = modes(store.state)  # with a journal that is being written
        mlgit.MlgitClient().set_tag(run.info.run_id, "t", "x")
        forget()
        mlgit.search_runs()
        assert main(["runs", "-q"]) == 0
        return {**found, **modes(store.state)}


def modes(folder: Path) -> dict[str, int]:
    paths = [folder, *folder.rglob("*")]
    return {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in paths
        if not path.is_symlink()
    }


@pytest.mark.parametrize(
    ("value", "folder", "file"),
    [("group", 0o2770, 0o660), ("world", 0o2775, 0o664), ("0640", 0o2750, 0o640)],
)
def test_all_that_is_written_is_shared(repo: Path, value: str, folder: int, file: int) -> None:
    git(repo, "config", "core.sharedRepository", value, check=True)
    found = work(repo)
    kinds = ("live/", "published/", "publishing/", "objects/", "cache/", ".lock", "writer")
    for kind in kinds:
        assert any(kind in path for path in found), kind
    wrong = {
        path: oct(mode)
        for path, mode in found.items()
        if mode not in ({folder} if mode & 0o100 else {file, file & 0o444, 0o444})
    }
    assert not wrong


def test_elsewhere_only_the_user_may(repo: Path) -> None:
    found = work(repo)
    assert found["."] == 0o700
    assert all(mode & 0o033 == 0 for mode in found.values())


def test_a_folder_group_of_the_system_does_not_open_a_private_store(repo: Path) -> None:
    (repo / ".git").chmod(0o2775)
    assert work(repo)["."] & 0o777 == 0o700
