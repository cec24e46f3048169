"""A partial clone is read; what is missing is fetched by git, or an error says how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit import process
from mlgit.errors import NotFound, RemoteFailed
from mlgit.git.oid import BLOB, object_id
from mlgit.git.repository import Repository
from tests.git.places import commit
from tests.support.repos import git

DATA = b"id: 1\n"
BLOB_ID = object_id(BLOB, DATA)


@pytest.fixture
def partial(repo: Path, tmp_path: Path) -> Path:
    """A clone without the files of the data branch."""
    commit(repo, {"runs/1/run.yaml": DATA, "runs/2/run.yaml": b"id: 2\n"})
    git(repo, "config", "uploadpack.allowFilter", "true", check=True)
    git(repo, "config", "uploadpack.allowAnySHA1InWant", "true", check=True)
    path = tmp_path / "partial"
    url = f"file://{repo}"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "-b", "main", url, str(path), check=True)
    return path


def test_a_missing_file_is_fetched_once_and_then_here(partial: Path, repo: Path) -> None:
    with Repository.discover(partial) as repository:
        assert not repository.objects.contains(BLOB_ID)
        assert repository.objects.blob(BLOB_ID) == DATA
    git(partial, "remote", "set-url", "origin", str(repo / "nowhere"), check=True)
    with Repository.discover(partial) as repository:
        assert repository.objects.blob(BLOB_ID) == DATA


def test_a_remote_that_does_not_give_it_is_named(partial: Path, repo: Path) -> None:
    git(partial, "remote", "set-url", "origin", str(repo / "nowhere"), check=True)
    with Repository.discover(partial) as repository, pytest.raises(RemoteFailed) as caught:
        repository.objects.blob(BLOB_ID)
    assert caught.value.facts["remote"] == "origin"
    assert caught.value.hint


def test_without_git_the_error_says_what_to_do(
    partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "git_program", lambda: None)
    with Repository.discover(partial) as repository, pytest.raises(NotFound) as caught:
        repository.objects.blob(BLOB_ID)
    assert caught.value.hint == f"fetch it yourself: git cat-file -e {BLOB_ID.decode()}"


@pytest.mark.parametrize(
    "key", ["core.sshCommand", "core.askPass", "credential.helper", "remote.origin.uploadpack"]
)
def test_no_program_of_the_repositorys_own_config_is_run(
    partial: Path, tmp_path: Path, key: str
) -> None:
    marker = tmp_path / "ran"
    git(partial, "config", key, f"touch {marker};", check=True)
    with Repository.discover(partial) as repository, pytest.raises(NotFound) as caught:
        repository.objects.blob(BLOB_ID)
    assert key.lower() in caught.value.message.lower()
    assert not marker.exists()


def test_what_is_missing_in_a_whole_clone_is_just_missing(repo: Path) -> None:
    with Repository.discover(repo) as repository, pytest.raises(NotFound) as caught:
        repository.objects.blob(BLOB_ID)
    assert "partial clone" not in caught.value.message
