"""Remotes on the branch, and whom this user trusts: nothing in a clone brings trust with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import AlreadyExists, InvalidValue, NotFound, Unsupported
from mlgit.holdings.remotes import (
    ArtifactRemote,
    add_remote,
    artifact_remotes,
    open_trusted,
    remove_remote,
)
from mlgit.holdings.trust import is_trusted, trust, trust_file, untrust
from mlgit.records import layout
from mlgit.store.store import Store
from tests.support.repos import git, make_repo

BUCKET = "s3://bucket/prefix"


def came_with_the_branch(store: Store, name: str, url: str) -> None:
    with store.change("remotes") as change:
        change.put(layout.SETTINGS, f"format: 1\nremotes:\n  {name}:\n    url: {url}\n".encode())


def test_who_adds_a_remote_trusts_its_url(store: Store, shelf: Path) -> None:
    add_remote(store, "main", str(shelf))
    assert artifact_remotes(store) == [ArtifactRemote("main", str(shelf), trusted=True)]
    assert [one.url for one in open_trusted(store)] == [str(shelf)]
    assert trust_file().read_text() == f"{shelf}\n"
    assert trust_file().stat().st_mode & 0o777 == 0o600
    assert trust_file().parent.stat().st_mode & 0o777 == 0o700


def test_one_that_came_with_the_branch_is_not_used(store: Store) -> None:
    came_with_the_branch(store, "main", BUCKET)
    assert not artifact_remotes(store)[0].trusted
    for names in ((), ["main"]):
        with pytest.raises(Unsupported) as caught:
            open_trusted(store, names)
        assert caught.value.hint == "mlgit remote trust main"


def test_a_url_that_changes_is_not_trusted(store: Store) -> None:
    trust(BUCKET)
    came_with_the_branch(store, "main", BUCKET)
    assert artifact_remotes(store)[0].trusted
    came_with_the_branch(store, "main", f"{BUCKET}/x")
    assert not artifact_remotes(store)[0].trusted


def test_no_file_of_the_clone_is_asked(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "hostile")
    for folder in (repo / ".git" / "mlgit", repo / ".git", repo / ".config" / "mlgit"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "trusted-remotes").write_text(f"{BUCKET}\n")
    with (repo / ".git" / "config").open("a") as config:
        config.write(f"[mlgit]\n\ttrustedRemotes = {BUCKET}\n")
    with Store.init(repo).store as store:
        came_with_the_branch(store, "main", BUCKET)
        assert not is_trusted(store, BUCKET)


def test_the_environment_trusts_for_one_process(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_TRUSTED_REMOTES", f"s3://other {BUCKET}")
    assert is_trusted(store, BUCKET)
    assert not is_trusted(store, "s3://bucket")
    assert not trust_file().exists()


def test_the_git_host_is_trusted_where_this_clone_names_it(store: Store, repo: Path) -> None:
    assert not is_trusted(store, "lfs:origin")
    git(repo, "remote", "add", "origin", "https://example.org/x.git")
    store.repository.config.__dict__.pop("repository", None)
    try:
        assert is_trusted(store, "lfs:origin")
        assert not is_trusted(store, "lfs:upstream")
    finally:
        git(repo, "remote", "remove", "origin")


def test_a_list_that_others_may_write_says_nothing(store: Store) -> None:
    trust(BUCKET)
    trust_file().chmod(0o620)
    with pytest.raises(Unsupported, match="others may write"):
        is_trusted(store, BUCKET)


def test_trust_can_be_taken_back(store: Store) -> None:
    trust(BUCKET)
    trust("s3://other")
    assert untrust(BUCKET)
    assert not untrust(BUCKET)
    assert is_trusted(store, "s3://other")
    assert not is_trusted(store, BUCKET)


@pytest.mark.parametrize("url", ["", "s3://a\ns3://b", "a\u2028b"])
def test_what_is_no_line_is_not_trusted(url: str) -> None:
    with pytest.raises(InvalidValue):
        trust(url)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("-x", BUCKET),
        ("a b", BUCKET),
        ("", BUCKET),
        ("main", "s3://u:p@b/x"),
        ("main", "rel/ative"),
    ],
)
def test_names_and_urls_of_other_kinds_are_refused(store: Store, name: str, url: str) -> None:
    before = store.snapshot().commit
    with pytest.raises(InvalidValue):
        add_remote(store, name, url)
    assert store.snapshot().commit == before
    assert not trust_file().exists()


def test_a_name_stands_for_one_url_until_it_is_removed(store: Store) -> None:
    add_remote(store, "main", BUCKET)
    with pytest.raises(AlreadyExists):
        add_remote(store, "main", "s3://other")
    add_remote(store, "main", BUCKET)
    assert remove_remote(store, "main") == BUCKET
    assert artifact_remotes(store) == []
    with pytest.raises(NotFound):
        remove_remote(store, "main")


def test_a_remote_of_a_newer_version_is_removed_whole(store: Store) -> None:
    text = f"format: 1\nremotes:\n  main:\n    url: {BUCKET}\n    copies: 2\n"
    with store.change("remotes") as change:
        change.put(layout.SETTINGS, text.encode())
    remove_remote(store, "main")
    assert artifact_remotes(store) == []
