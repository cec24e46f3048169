"""`lfs:origin`: the server that belongs to a git remote, who we are to it, and a whole round."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from mlgit import shared
from mlgit.artifacts.remotes.lfs_access import Endpoint
from mlgit.errors import MlgitError, NotFound, RemoteFailed, StorageFailed, Unsupported
from mlgit.holdings.gather import reach
from mlgit.holdings.lfs import _where
from mlgit.holdings.remotes import add_remote, open_trusted
from mlgit.sharing.remotes import transport_of
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record
from tests.support.lfs import Lfs, lfs_server
from tests.support.repos import git

DATA, DIGEST = b"weights", digest_of(b"weights")
A = "9f3c000000000001"

New = Callable[[str], Store]
Reopened = Callable[[Path], Store]


@pytest.fixture
def lfs() -> Iterator[Lfs]:
    with lfs_server() as served:
        yield served


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http:https:ssh:git")


@pytest.fixture
def store(clone: New) -> Store:
    """A clone of which a test may change the config."""
    return clone("one")


def set_config(repo: Path, **values: str) -> None:
    for key, value in values.items():
        git(repo, "config", key.replace("_", "."), value, check=True)


def where(repo: Path, place: str = "origin", operation: str = "download") -> Endpoint:
    with Store.open(repo) as store:
        return _where(store.repository, place, operation)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://host/team/models", "https://host/team/models.git/info/lfs"),
        ("https://host/team/models.git/", "https://host/team/models.git/info/lfs"),
        ("http://host:8080/models.git", "http://host:8080/models.git/info/lfs"),
        ("git://host/models.git", "https://host/models.git/info/lfs"),
    ],
)
def test_the_server_is_beside_the_repository(store: Store, url: str, server: str) -> None:
    repo = store.repository.common_dir.parent
    set_config(repo, remote_origin_url=url)
    assert where(repo) == Endpoint(server)


def test_config_of_git_lfs_comes_first(store: Store) -> None:
    repo = store.repository.common_dir.parent
    set_config(repo, remote_origin_url="https://host/models")
    set_config(repo, remote_origin_lfsurl="https://big/store")
    assert where(repo).url == "https://big/store"
    set_config(repo, lfs_url="https://bigger/store", lfs_pushurl="https://in/store")
    assert where(repo).url == "https://bigger/store"
    assert where(repo, operation="upload").url == "https://in/store"


def test_what_a_branch_says_of_lfs_is_not_read(store: Store) -> None:
    repo = store.repository.common_dir.parent
    set_config(repo, remote_origin_url="https://host/models")
    (repo / ".lfsconfig").write_text("[lfs]\n\turl = https://evil/store\n")
    assert where(repo).url == "https://host/models.git/info/lfs"


def test_a_login_in_the_url_is_kept_out_of_the_address(store: Store) -> None:
    repo = store.repository.common_dir.parent
    set_config(repo, remote_origin_url="https://ada:w%20rd@host/models")
    assert where(repo) == Endpoint("https://host/models.git/info/lfs", user="ada", password="w rd")


def test_a_folder_has_no_lfs_store(store: Store, tmp_path: Path) -> None:
    repo = store.repository.common_dir.parent
    set_config(repo, remote_origin_url=str(tmp_path))
    with pytest.raises(Unsupported, match="a server"):
        where(repo)
    with pytest.raises(NotFound, match="no git remote"):
        where(repo, "nobody")


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of ssh: notes what it was asked and does what the file `says` says."""
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\necho "$@" >>"{tmp_path}/asked"\n. "{tmp_path}/says"\n')
    program.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", f"{program} -x")
    return tmp_path


def test_a_host_reached_by_ssh_tells_address_and_token(store: Store, ssh: Path) -> None:
    repo = store.repository.common_dir.parent
    set_config(repo, remote_origin_url="git@host:team/models.git")
    said = {"href": "https://lfs/store", "header": {"Authorization": "T 1"}, "expires_in": 60}
    (ssh / "says").write_text(f"echo '{json.dumps(said)}'\n")
    found = where(repo, operation="upload")
    assert (found.url, found.headers) == ("https://lfs/store", {"Authorization": "T 1"})
    set_config(repo, remote_origin_url="ssh://git@host:2222/team/models.git")
    where(repo)
    assert (ssh / "asked").read_text().splitlines() == [
        "-x git@host git-lfs-authenticate team/models.git upload",
        "-x -p 2222 git@host git-lfs-authenticate /team/models.git download",
    ]


def test_a_host_without_that_command_is_asked_by_https(store: Store, ssh: Path) -> None:
    repo = store.repository.common_dir.parent
    set_config(repo, remote_origin_url="git@host:team/models.git")
    (ssh / "says").write_text("exit 127\n")
    assert where(repo).url == "https://host/team/models.git/info/lfs"
    (ssh / "says").write_text("echo 'Permission denied' >&2; exit 255\n")
    with pytest.raises(RemoteFailed, match="Permission denied"):
        where(repo)


def test_a_round_through_the_git_host(clone: New, reopened: Reopened, lfs: Lfs) -> None:
    """Pushed with `lfs:origin`, a fresh clone has the bytes without any more set-up."""

    def beside(name: str) -> Store:
        repo = clone(name).repository.common_dir.parent
        set_config(repo, lfs_url=f"{lfs.url}.git/info/lfs")
        return reopened(repo)

    store = beside("one")
    add_remote(store, "main", "lfs:origin")
    record(store, A, {"model.bin": DATA})
    outcome = shared.push(store, transport_of(store))
    assert [one.sha256 for one in outcome.sent] == [DIGEST]
    assert lfs.objects == {DIGEST: DATA}
    [remote] = reach(beside("two")).remotes
    with TemporaryFile() as target:
        remote.get(DIGEST, target)
        target.seek(0)
        assert target.read() == DATA


@pytest.fixture
def helped(store: Store, reopened: Reopened, lfs: Lfs, tmp_path: Path) -> Store:
    """A store beside a server that asks for a login, which a helper of git knows."""
    lfs.login = "ada:of-the-helper"
    lfs.objects[DIGEST] = DATA
    program = tmp_path / "helper"
    program.write_text(
        f'#!/bin/sh\necho "$1" >>"{tmp_path}/heard"\n'
        f'[ "$1" = get ] && cat "{tmp_path}/knows"; exit 0\n'
    )
    program.chmod(0o755)
    (tmp_path / "knows").write_text("username=ada\npassword=of-the-helper\n")
    add_remote(store, "main", "lfs:origin")
    record(store, A, {"model.bin": DATA})
    repo = store.repository.common_dir.parent
    set_config(repo, remote_origin_url=lfs.url, credential_helper=str(program))
    origin = lfs.url.removesuffix("team/models")
    header = f"http.{origin}.extraheader"
    git(repo, "config", header, "X-Of-Ci: yes", check=True)
    return reopened(repo)


def test_gits_credential_helper_is_asked_once(helped: Store, lfs: Lfs, tmp_path: Path) -> None:
    """And what git's config has for this host is sent, as CI systems log in that way."""
    [remote] = open_trusted(helped)
    assert remote.has(DIGEST)
    assert remote.verify(DIGEST)
    assert (tmp_path / "heard").read_text().split() == ["get", "store"]
    assert {headers["x-of-ci"] for kind, headers in lfs.seen if kind == "BATCH"} == {"yes"}


def test_gits_helper_hears_what_was_wrong(helped: Store, tmp_path: Path) -> None:
    (tmp_path / "knows").write_text("username=ada\npassword=wrong-word\n")
    [remote] = open_trusted(helped)
    with pytest.raises(StorageFailed, match="who you are") as caught:
        remote.has(DIGEST)
    assert (tmp_path / "heard").read_text().split() == ["get", "erase"]
    assert "wrong-word" not in f"{caught.value} {caught.value.facts}"


def test_a_folder_as_git_remote_is_refused_with_a_way_out(clone: New) -> None:
    store = clone("one")
    add_remote(store, "main", "lfs:origin")
    with pytest.raises(MlgitError, match="a folder") as caught:
        open_trusted(store)
    assert caught.value.hint.startswith("mlgit remote add")
