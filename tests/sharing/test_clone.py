"""A clone that is ready at once, or none at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit import process
from mlgit.errors import AlreadyExists, InvalidValue, RemoteFailed, Unsupported
from mlgit.sharing.clone import clone, folder_of
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.store import Store
from tests.sharing.test_sync import ids, record
from tests.support.repos import git, make_repo

Clone = Callable[[str], Store]


@pytest.fixture
def shared(clone: Clone, remote: Path) -> tuple[Path, str]:
    """A remote with code and a store, and the one run in it."""
    with clone("ours") as ours:
        run_id = record(ours)
        sync(ours, transport_of(ours))
    return remote, run_id


def test_code_and_runs_are_there(shared: tuple[Path, str], tmp_path: Path) -> None:
    remote, run_id = shared
    made = clone(str(remote), tmp_path / "new")
    assert (tmp_path / "new" / "train.py").exists()
    assert git(tmp_path / "new", "status", "--porcelain").stdout == ""
    with Store.open(made.path) as store:
        assert store.branch.tip() == made.tip
        assert ids(store) == {run_id}


def test_a_folder_that_is_there_and_empty_is_used(shared: tuple[Path, str], tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    clone(str(shared[0]), tmp_path / "new")
    assert (tmp_path / "new" / "train.py").exists()


def test_only_the_store_can_be_had_and_shared_again(
    shared: tuple[Path, str], tmp_path: Path
) -> None:
    remote, run_id = shared
    made = clone(str(remote), tmp_path / "new", store_only=True)
    assert [path.name for path in made.path.iterdir()] == [".git"]
    with Store.open(made.path) as store:
        other = record(store)
        sync(store, transport_of(store))
        assert ids(store) == {run_id, other}
    assert git(made.path, "fsck", "--full", "--strict").returncode == 0
    assert git(remote, "rev-parse", "mlgit").stdout == git(made.path, "rev-parse", "mlgit").stdout


def test_the_store_alone_needs_no_git_program(
    shared: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "git_program", lambda: None)
    made = clone(str(shared[0]), tmp_path / "new", store_only=True)
    with Store.open(made.path) as store:
        assert ids(store) == {shared[1]}
    with pytest.raises(Unsupported, match="git program"):
        clone(str(shared[0]), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_remote_without_a_store_is_still_cloned(remote: Path, tmp_path: Path) -> None:
    assert clone(str(remote), tmp_path / "a").tip is None
    assert clone(str(remote), tmp_path / "b", store_only=True).tip is None
    assert (tmp_path / "a" / "train.py").exists()


@pytest.mark.parametrize("store_only", [False, True])
def test_nothing_is_left_of_a_clone_that_failed(tmp_path: Path, store_only: bool) -> None:
    place = tmp_path / "work"
    place.mkdir()
    broken = make_repo(tmp_path / "broken")
    shutil.rmtree(broken / ".git" / "objects")
    with pytest.raises(RemoteFailed):
        clone(str(broken), place / "new", store_only=store_only)
    assert list(place.iterdir()) == []


def test_nothing_is_left_of_a_clone_that_was_interrupted(
    shared: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.setattr(process, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        clone(str(shared[0]), place / "new")
    assert list(place.iterdir()) == []


def test_what_is_in_the_folder_already_stays(shared: tuple[Path, str], tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine.txt").write_text("keep")
    with pytest.raises(AlreadyExists):
        clone(str(shared[0]), tmp_path / "new")
    assert (tmp_path / "new" / "mine.txt").read_text() == "keep"


def test_a_store_is_never_checked_out(shared: tuple[Path, str], tmp_path: Path) -> None:
    git(shared[0], "symbolic-ref", "HEAD", "refs/heads/mlgit", check=True)
    with pytest.raises(Unsupported, match="default branch"):
        clone(str(shared[0]), tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert clone(str(shared[0]), tmp_path / "new", store_only=True).tip


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% x",
        "--upload-pack=touch x",
        "-u",
        "https://ada:secret@example.org/x.git",
        "ftp://example.org/x",
        "",
        "fd::17",
    ],
)
def test_an_address_that_could_run_something_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue):
        clone(url, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/risk/churn.git", "churn"),
        ("git@example.org:churn.git", "churn"),
        ("/srv/stores/churn/", "churn"),
        ("/home/ada/churn/.git", "churn"),
    ],
)
def test_the_folder_is_named_as_the_repository(url: str, name: str) -> None:
    assert folder_of(url) == name
