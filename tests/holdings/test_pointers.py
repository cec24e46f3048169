"""Artifacts as Git LFS pointers: only where an LFS store has the bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit.artifacts.fetch import Sources, download
from mlgit.artifacts.pointer import Pointed, parse_pointer
from mlgit.errors import InvalidState
from mlgit.holdings.pointers import as_pointers
from mlgit.holdings.remotes import add_remote
from mlgit.records.artifact import ArtifactEntry
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record
from tests.support.lfs import lfs_server

LARGE, SMALL = b"weights", b"notes"
ENTRIES = [
    ArtifactEntry("files/notes.txt", len(LARGE), digest_of(LARGE)),
    ArtifactEntry("notes.txt", len(SMALL), digest_of(SMALL), inline="files/notes.txt"),
]
IN_GIT = Sources({"files/notes.txt": SMALL}.get)

New = Callable[[str], Store]


def test_large_ones_become_pointers(clone: New, tmp_path: Path) -> None:
    """Whatever their names: one here is called as git calls the other."""
    store = clone("one")
    with lfs_server() as lfs:
        add_remote(store, "main", f"lfs:{lfs.url}.git")
        record(store, "9f3c000000000001", {"files/notes.txt": LARGE})
        lfs.objects[digest_of(LARGE)] = LARGE
        written = download(*as_pointers(store, ENTRIES, IN_GIT), tmp_path)
        assert lfs.count("GET") == 0
    assert parse_pointer(written[0].read_bytes()) == Pointed(digest_of(LARGE), len(LARGE))
    assert written[1].read_bytes() == SMALL


def test_what_the_store_lacks_gets_no_pointer(clone: New) -> None:
    store = clone("one")
    with lfs_server() as lfs:
        add_remote(store, "main", f"lfs:{lfs.url}.git")
        with pytest.raises(InvalidState, match=r"files/notes\.txt is not in main") as caught:
            as_pointers(store, ENTRIES, IN_GIT)
    assert caught.value.hint == "mlgit push"


def test_without_an_lfs_store_there_are_no_pointers(clone: New, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    with pytest.raises(InvalidState, match="no artifact remote") as caught:
        as_pointers(store, ENTRIES, IN_GIT)
    assert caught.value.hint == "mlgit remote add main lfs:origin"
