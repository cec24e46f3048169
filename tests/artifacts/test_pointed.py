"""Whoever logs a Git LFS pointer means the file it stands for: that one is kept, or nothing."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.ingest import Ingested, ingest_file, ingest_folder
from mlgit.artifacts.manifest import Room
from mlgit.artifacts.pointer import pointer_of
from mlgit.errors import InvalidState
from mlgit.records.settings import Limits

SMALL, LARGE = b"weights", b"weights " * 100


class Kept:
    """A work tree, and the folder in which git-lfs keeps files."""

    def __init__(self, root: Path) -> None:
        self.tree, self.lfs = root / "tree", root / "lfs"
        self.cache = ObjectCache(root / "objects")
        self.room = Room(Limits(inline_file=100, inline_run=500))
        self.tree.mkdir()

    def pointer(self, name: str, data: bytes) -> Path:
        """A pointer in the work tree."""
        path = self.tree / name
        path.write_bytes(pointer_of(sha256(data).hexdigest(), len(data)))
        return path

    def fetched(self, data: bytes, *, instead: bytes | None = None) -> None:
        """What git-lfs has fetched, or something `instead` of it."""
        digest = sha256(data).hexdigest()
        path = self.lfs / digest[:2] / digest[2:4] / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if instead is None else instead)

    def take(self, path: Path) -> Ingested:
        return ingest_file(path, path.name, self.cache, self.room, lfs=self.lfs)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_the_file_behind_a_pointer_is_taken(kept: Kept, data: bytes) -> None:
    kept.fetched(data)
    taken = kept.take(kept.pointer("model.bin", data))
    [entry] = taken.entries
    assert (entry.size, entry.sha256) == (len(data), sha256(data).hexdigest())
    if entry.inline:
        assert taken.files == {entry.inline: data}
    else:
        assert kept.cache.verify(entry.sha256)


def test_pointers_in_a_folder_are_files_too(kept: Kept) -> None:
    kept.fetched(LARGE)
    kept.pointer("model.bin", LARGE)
    (kept.tree / "notes.txt").write_bytes(b"version 2 of the notes")
    taken = ingest_folder(kept.tree, "", kept.cache, kept.room, lfs=kept.lfs)
    assert [(one.path, one.size) for one in taken.entries] == [
        ("model.bin", 800),
        ("notes.txt", 22),
    ]


def refused(kept: Kept, path: Path) -> None:
    with pytest.raises(InvalidState, match="Git LFS pointer") as caught:
        kept.take(path)
    assert caught.value.hint == "git lfs pull"


def test_a_pointer_to_what_was_not_fetched_is_refused(kept: Kept) -> None:
    path = kept.pointer("model.bin", LARGE)
    refused(kept, path)
    with pytest.raises(InvalidState, match=r"model\.bin"):
        ingest_folder(kept.tree, "", kept.cache, kept.room)
    assert not kept.cache.root.exists() or list(kept.cache.root.rglob("sha256/*/*/*")) == []


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_what_is_damaged_where_git_lfs_keeps_it_is_refused(kept: Kept, data: bytes) -> None:
    path = kept.pointer("model.bin", data)
    for instead in (data[:-1], b"x" + data[1:]):
        kept.fetched(data, instead=instead)
        refused(kept, path)


def test_what_an_extension_has_to_read_is_refused(kept: Kept) -> None:
    """What lies there is encrypted, or packed, by a program of the user's."""
    kept.fetched(LARGE)
    path = kept.pointer("model.bin", LARGE)
    line = b"ext-0-crypt sha256:%b\noid" % (b"0" * 64)
    path.write_bytes(path.read_bytes().replace(b"oid", line, 1))
    refused(kept, path)
