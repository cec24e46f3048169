"""A git host names in git what its LFS store holds, as long as the store of runs does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit.artifacts.pointer import pointer_of
from mlgit.errors import RemoteFailed
from mlgit.holdings.anchors import anchor
from mlgit.holdings.memory import remember
from mlgit.records.artifact import dump_manifest
from mlgit.sharing.remotes import transport_of
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record
from tests.support.repos import git

A, B, C = "9f3c000000000001", "9f3d000000000002", "aaaa000000000003"
URL = "lfs:origin"

New = Callable[[str], Store]


@pytest.fixture(autouse=True, params=["git", "dulwich"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the git program and without."""
    monkeypatch.setenv("MLGIT_TRANSPORT", request.param)


def kept(store: Store, run_id: str, data: bytes) -> str:
    """A run of which the LFS store has the bytes; what is said of them at the host."""
    folder = record(store, run_id, {"model.bin": data})
    remember(store, URL, [digest_of(data)])
    return folder


def pointers(remote: Path) -> dict[str, bytes]:
    """All pointers at the host, by digest."""
    found: dict[str, bytes] = {}
    refs = git(remote, "for-each-ref", "--format=%(refname)", "refs/mlgit/pointers/").stdout
    for ref in refs.split():
        for path in git(remote, "ls-tree", "-r", "--name-only", ref).stdout.split():
            assert path[:3] == f"{path[3:5]}/"
            found[path[3:]] = git(remote, "show", f"{ref}:{path}").stdout.encode()
    return found


def texts(*data: bytes) -> dict[str, bytes]:
    return {digest_of(one): pointer_of(digest_of(one), len(one)) for one in data}


def anchor_of(store: Store) -> None:
    anchor(store, transport_of(store), URL)


def test_what_was_seen_there_is_named_there(clone: New, remote: Path) -> None:
    store = clone("one")
    kept(store, A, b"first")
    record(store, B, {"model.bin": b"elsewhere"})
    anchor_of(store)
    assert pointers(remote) == texts(b"first")
    kept(store, C, b"second")
    anchor_of(store)
    anchor_of(store)
    assert pointers(remote) == texts(b"first", b"second")
    assert git(remote, "fsck", "--full", "--strict").returncode == 0


def test_what_no_run_names_is_let_go(clone: New, remote: Path) -> None:
    store = clone("one")
    folder = kept(store, A, b"first")
    kept(store, B, b"second")
    anchor_of(store)
    store.apply(lambda change: change.put(f"{folder}/artifacts.yaml", dump_manifest([])), "")
    anchor_of(store)
    assert pointers(remote) == texts(b"second")


def test_two_clones_need_not_agree(clone: New, remote: Path) -> None:
    for name, run, data in (("one", A, b"first"), ("two", B, b"second")):
        store = clone(name)
        kept(store, run, data)
        anchor_of(store)
    assert pointers(remote) == texts(b"first", b"second")


@pytest.mark.parametrize("forgets", ["host", "clone"])
def test_either_side_may_forget(clone: New, remote: Path, forgets: str) -> None:
    store = clone("one")
    kept(store, A, b"first")
    anchor_of(store)
    place = remote if forgets == "host" else store.repository.common_dir.parent
    name = store.writer if forgets == "host" else "origin"
    git(place, "update-ref", "-d", f"refs/mlgit/pointers/{name}", check=True)
    kept(store, B, b"second")
    anchor_of(store)
    assert pointers(remote) == texts(b"first", b"second")


def test_a_host_that_takes_none_is_told_of(clone: New, remote: Path) -> None:
    store = clone("one")
    kept(store, A, b"first")
    hook = remote / "hooks" / "update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/heads/*) ;; *) exit 1 ;; esac\n')
    hook.chmod(0o755)
    with pytest.raises(RemoteFailed):
        anchor_of(store)
    assert pointers(remote) == {}
