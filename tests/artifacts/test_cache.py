"""The local store of artifact bytes."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.errors import Damaged, InvalidValue, NotFound, StorageFailed

DATA = b"weights" * 1000
NAME = sha256(DATA).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> ObjectCache:
    return ObjectCache(tmp_path / "objects")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(DATA)
    return path


def test_a_file_is_kept_under_its_digest_and_cannot_be_written(
    cache: ObjectCache, model: Path
) -> None:
    assert cache.put_file(model) == (NAME, len(DATA))
    path = cache.root / "sha256" / NAME[:2] / NAME[2:4] / NAME
    assert path.read_bytes() == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert stat.S_IMODE(cache.root.stat().st_mode) == 0o700


def test_a_later_change_of_the_users_file_does_not_reach_the_store(
    cache: ObjectCache, model: Path
) -> None:
    cache.put_file(model)
    with model.open("r+b") as file:
        file.write(b"CHANGED")
    with cache.open(NAME) as kept:
        assert kept.read() == DATA


def test_the_empty_file_is_an_object_like_any_other(cache: ObjectCache) -> None:
    name, size = cache.put_bytes(b"")
    assert size == 0
    with cache.open(name) as file:
        assert file.read() == b""


@pytest.mark.parametrize("damage", [b"", DATA[:-1], b"X" + DATA[1:], DATA + b"X"])
def test_damage_is_found_on_reading_and_healed_by_logging_again(
    cache: ObjectCache, model: Path, damage: bytes
) -> None:
    cache.put_file(model)
    path = cache.path(NAME)
    path.chmod(0o644)
    path.write_bytes(damage)
    assert not cache.verify(NAME)
    with pytest.raises(Damaged, match="damaged"):
        cache.open(NAME)
    cache.put_file(model)
    assert cache.verify(NAME)


def test_a_link_planted_in_the_store_is_not_followed(cache: ObjectCache, model: Path) -> None:
    path = cache.path(NAME)
    path.parent.mkdir(parents=True)
    path.symlink_to(model)
    assert not cache.has(NAME)
    with pytest.raises(Damaged):
        cache.open(NAME)
    cache.put_file(model)
    assert not path.is_symlink()
    assert cache.verify(NAME)


@pytest.mark.parametrize("level", ["", "tmp", "sha256", f"sha256/{NAME[:2]}"])
def test_a_folder_of_the_store_that_is_a_link_is_refused(
    cache: ObjectCache, model: Path, tmp_path: Path, level: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = cache.root / level
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside, target_is_directory=True)
    with pytest.raises(StorageFailed, match="symbolic link"):
        cache.put_file(model)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("times", [1, 1000])
def test_a_failed_put_leaves_no_temporary_file(cache: ObjectCache, model: Path, times: int) -> None:
    model.write_bytes(DATA * times)
    with pytest.raises(Damaged):
        cache.put("0" * 64, model)
    assert list(cache.root.rglob("tmp/*")) == []
    assert not cache.has(NAME)


@pytest.mark.parametrize("name", ["", "abc", "../" * 21 + "x", NAME.upper(), NAME + "0", NAME[:-1]])
def test_only_a_digest_names_an_object(cache: ObjectCache, name: str) -> None:
    with pytest.raises(InvalidValue):
        cache.path(name)


def test_no_file_no_object(cache: ObjectCache, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        cache.put_file(tmp_path / "missing")
    with pytest.raises(NotFound):
        cache.open(NAME)


def test_a_full_disk_is_a_plain_error(cache: ObjectCache, model: Path) -> None:
    cache.root.mkdir()
    cache.root.chmod(0o500)
    if os.geteuid() == 0:
        (cache.root / "tmp").write_text("in the way")
    with pytest.raises(StorageFailed):
        cache.put_file(model)
    cache.root.chmod(0o700)
