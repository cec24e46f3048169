"""Digests of unchanged files: never a wrong one, whatever is done to a file."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.ingest import ingest_file
from mlgit.artifacts.manifest import Room
from mlgit.artifacts.stat_cache import StatCache, seen
from mlgit.records.settings import Limits

SETTLED = 0.0  # what was written before the file system's clock went on: see `rest`


def rest(folder: Path) -> None:
    """Let the clock of the file system go on: what was written until now lies in its past."""
    clock = folder / "clock"
    clock.touch()
    began = clock.stat().st_mtime_ns
    while clock.stat().st_mtime_ns == began:
        os.utime(clock)


def look(cache: StatCache, path: Path) -> str | None:
    """What the cache says of a file; it is hashed and remembered where it says nothing."""
    cache.begin()
    state = seen(path, path.stat())
    told = cache.digest(state)
    if told is None:
        cache.remember(state, sha256(path.read_bytes()).hexdigest())
        cache.save()
    return told


@pytest.fixture
def known(tmp_path: Path) -> StatCache:
    return StatCache(tmp_path / "digests", SETTLED)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"one")
    return path


def test_a_file_that_rested_is_known_the_next_time_also_to_another_process(
    known: StatCache, file: Path, tmp_path: Path
) -> None:
    rest(file.parent)
    assert look(known, file) is None
    assert look(known, file) == sha256(b"one").hexdigest()
    assert look(StatCache(tmp_path / "digests", SETTLED), file) == sha256(b"one").hexdigest()


def test_a_file_that_was_just_written_is_not_trusted(tmp_path: Path, file: Path) -> None:
    known = StatCache(tmp_path / "digests")
    assert [look(known, file), look(known, file)] == [None, None]


def test_a_time_that_was_set_back_does_not_hide_a_change(known: StatCache, file: Path) -> None:
    rest(file.parent)
    look(known, file)
    before = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look(known, file) is None


@pytest.mark.parametrize("damage", ["cut", "flip", "add"])
def test_a_damaged_cache_is_begun_anew(
    known: StatCache, file: Path, tmp_path: Path, damage: str
) -> None:
    rest(file.parent)
    look(known, file)
    path = tmp_path / "digests"
    data = path.read_bytes()
    flipped = data[:70] + bytes([data[70] ^ 1]) + data[71:]
    path.write_bytes({"cut": data[:-1], "flip": flipped, "add": data + b"x"}[damage])
    other = StatCache(path, SETTLED)
    assert look(other, file) is None
    assert [look(other, file), look(other, file)][1] == sha256(b"one").hexdigest()


@pytest.mark.parametrize("place", ["missing/digests", "folder", "link"])
def test_without_a_place_for_it_nothing_is_known_and_nothing_fails(
    tmp_path: Path, file: Path, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(file)
    known = StatCache(tmp_path / place, SETTLED)
    rest(file.parent)
    assert [look(known, file), look(known, file)] == [None, None]
    assert file.read_bytes() == b"one"


NAMES = st.sampled_from(["a", "b"])
BYTES = st.sampled_from([b"one", b"two", b"six"])
DEEDS = st.one_of(
    st.tuples(st.sampled_from(["write", "in place", "keep time", "replace"]), NAMES, BYTES),
    st.tuples(st.sampled_from(["link", "swap", "look", "rest"]), NAMES, st.just(b"")),
)


def other(path: Path) -> Path:
    return path.with_name("b" if path.name == "a" else "a")


def do(deed: str, path: Path, data: bytes) -> None:
    """Change a file in a way that tries to hide it."""
    before = path.stat()
    if deed == "write":
        path.write_bytes(data)
    elif deed in ("in place", "keep time"):
        with path.open("r+b") as file:
            file.write(data)
        if deed == "keep time":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif deed == "replace":
        path.with_name("new").write_bytes(data)
        os.utime(path.with_name("new"), ns=(before.st_atime_ns, before.st_mtime_ns))
        path.with_name("new").replace(path)
    elif deed == "link":
        path.with_name("new").hardlink_to(other(path))
        path.with_name("new").replace(path)
        path.with_name("new").unlink(missing_ok=True)
    elif deed == "swap":
        path.replace(path.with_name("new"))
        other(path).replace(path)
        path.with_name("new").replace(other(path))
    elif deed == "rest":
        rest(path.parent)


@settings(max_examples=60, deadline=None)
@given(st.lists(DEEDS, max_size=25))
def test_nothing_fools_it(deeds: list[tuple[str, str, bytes]]) -> None:
    with TemporaryDirectory() as folder:
        known = StatCache(Path(folder, "digests"), SETTLED)
        paths = {name: Path(folder, name) for name in ("a", "b")}
        for path in paths.values():
            path.write_bytes(b"one")
        for deed, name, data in deeds:
            do(deed, paths[name], data)
            told = look(known, paths[name])
            assert told in (None, sha256(paths[name].read_bytes()).hexdigest())


@pytest.fixture
def kept(known: StatCache, tmp_path: Path, file: Path) -> tuple[ObjectCache, str]:
    """A store that has the file, which it knows."""
    store = ObjectCache(tmp_path / "objects", known)
    rest(file.parent)
    return store, log(store, file)


def log(store: ObjectCache, file: Path) -> str:
    taken = ingest_file(file, "model.bin", store, Room(Limits(inline_file=0)))
    return taken.entries[0].sha256


def test_a_known_file_and_its_object_are_not_read_again(
    kept: tuple[ObjectCache, str], file: Path
) -> None:
    """What was read shows in the process's own count of bytes read."""
    store, digest = kept
    file.write_bytes(b"x" * 5_000_000)
    rest(file.parent)
    digest = log(store, file)
    before = bytes_read()
    assert log(store, file) == digest
    assert bytes_read() - before < 1_000_000


def bytes_read() -> int:
    """How many bytes this process has read so far, from wherever."""
    if not Path("/proc/self/io").exists():
        pytest.skip("the system does not count them")
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.parametrize("loss", ["gone", "cut", "changed"])
def test_a_known_file_is_kept_again_where_its_object_is_not_whole(
    kept: tuple[ObjectCache, str], file: Path, loss: str
) -> None:
    store, digest = kept
    path = store.path(digest)
    rest(file.parent)
    if loss == "gone":
        path.unlink()
    else:
        path.chmod(0o644)
        path.write_bytes(b"" if loss == "cut" else b"eno")
    assert log(store, file) == digest
    assert store.verify(digest)
