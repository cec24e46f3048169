"""Artifacts taken in: which bytes go to git, which to the local store, and which are refused."""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.ingest import ingest_bytes, ingest_file, ingest_folder
from mlgit.artifacts.manifest import Room
from mlgit.errors import InvalidState, InvalidValue, NotFound, StorageFailed
from mlgit.records.settings import Limits


@pytest.fixture
def cache(tmp_path: Path) -> ObjectCache:
    return ObjectCache(tmp_path / "objects")


@pytest.fixture
def room() -> Room:
    return Room(Limits(inline_file=10, inline_run=25))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "out"
    (root / "plots").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"0123456789")
    (root / "plots" / "b.bin").write_bytes(b"0123456789X")
    return root


@pytest.mark.parametrize("size", [0, 9, 10, 11])
def test_the_limit_of_a_file_is_exact(cache: ObjectCache, room: Room, size: int) -> None:
    data = b"x" * size
    taken = ingest_bytes(data, "a/b.txt", cache, room)
    (entry,) = taken.entries
    assert (entry.path, entry.size, entry.sha256) == ("a/b.txt", size, sha256(data).hexdigest())
    if size <= 10:
        assert taken.files == {"files/a/b.txt": data}
        assert entry.inline == "files/a/b.txt"
        assert not cache.has(entry.sha256)
    else:
        assert not taken.files
        assert not entry.inline
        assert cache.verify(entry.sha256)


def test_what_does_not_fit_the_runs_limit_goes_to_the_store(cache: ObjectCache, room: Room) -> None:
    taken = [ingest_bytes(b"x" * 10, f"{n}.txt", cache, room) for n in range(3)]
    assert [bool(part.files) for part in taken] == [True, True, False]
    replaced = ingest_bytes(b"y" * 11, "0.txt", cache, room)
    assert not replaced.files
    assert ingest_bytes(b"z" * 10, "3.txt", cache, room).files


def test_a_file_is_taken_as_it_is_now(cache: ObjectCache, room: Room, folder: Path) -> None:
    small = ingest_file(folder / "a.txt", "a.txt", cache, room)
    large = ingest_file(folder / "plots" / "b.bin", "model/b.bin", cache, room)
    assert small.files == {"files/a.txt": b"0123456789"}
    with cache.open(large.entries[0].sha256) as file:
        assert file.read() == b"0123456789X"


def test_a_folder_is_taken_whole(cache: ObjectCache, room: Room, folder: Path) -> None:
    taken = ingest_folder(folder, "run/one", cache, room)
    assert [entry.path for entry in taken.entries] == ["run/one/a.txt", "run/one/plots/b.bin"]
    assert [entry.path for entry in ingest_folder(folder, "", cache, room).entries] == [
        "a.txt",
        "plots/b.bin",
    ]


@pytest.mark.parametrize("path", ["../x", "/x", "", "a\\b"])
def test_an_unsafe_path_takes_nothing_in(
    cache: ObjectCache, room: Room, folder: Path, path: str
) -> None:
    with pytest.raises(InvalidValue):
        ingest_bytes(b"x", path, cache, room)
    with pytest.raises(InvalidValue):
        ingest_file(folder / "a.txt", path, cache, room)
    assert not cache.root.exists()


def test_an_unsafe_name_in_a_folder_is_refused_before_anything_is_read(
    cache: ObjectCache, room: Room, folder: Path
) -> None:
    (folder / "zz\nevil").write_bytes(b"x" * 20)
    with pytest.raises(InvalidValue, match="control"):
        ingest_folder(folder, "", cache, room)
    assert not cache.root.exists()


def test_a_name_that_is_no_text_is_refused(cache: ObjectCache, room: Room, folder: Path) -> None:
    (folder / os.fsdecode(b"\xff\xfe")).write_bytes(b"x")
    with pytest.raises(InvalidValue, match="Unicode"):
        ingest_folder(folder, "", cache, room)


def test_pipes_and_devices_are_refused_at_once(
    cache: ObjectCache, room: Room, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises((InvalidValue, StorageFailed)):
            ingest_file(path, "x", cache, room)
    with pytest.raises(NotFound):
        ingest_file(tmp_path / "missing", "x", cache, room)


def test_a_file_that_grows_while_it_is_read_is_noticed(
    cache: ObjectCache, room: Room, tmp_path: Path
) -> None:
    """A second writer appends without pause; what is kept is never a mixture taken for whole."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"x" * (1 << 20))
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.wait(0.0001):
                file.write(b"y" * 4096)

    def take() -> None:
        for _ in range(200):
            ingest_file(path, "model.bin", cache, room)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(InvalidState, match="changed"):
            take()
    finally:
        stop.set()
        writer.join()
    assert list((cache.root / "tmp").iterdir()) == []
