"""Loose objects: what git reads, healed when damaged, never half-written."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgit.errors import Damaged
from mlgit.git.loose import is_damaged, is_whole, loose_path, read_loose, write_all, write_loose
from mlgit.git.oid import BLOB, COMMIT, TAG, TREE, Oid, object_id
from tests.support.repos import git

DAMAGE = {
    "empty": b"",
    "another object": zlib.compress(b"blob 5\0other"),
    "longer than it declares": zlib.compress(b"blob 3\0toolong"),
    "shorter than it declares": zlib.compress(b"blob 30\0short"),
    "no header": zlib.compress(b"x" * 200),
    "an unknown kind": zlib.compress(b"blurb 5\0hello"),
    "a size that is no number": zlib.compress(b"blob -5\0hello"),
    "a bomb": zlib.compress(b"blob 999999999999\0" + b"0" * 1000),
    "not compressed": b"blob 5\0hello",
    "cut short": None,
    "a byte changed": None,
}


def damaged(whole: bytes, how: str) -> bytes:
    if how == "cut short":
        return whole[: len(whole) // 2]
    if how == "a byte changed":
        return whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:]
    return DAMAGE[how] or b""


@pytest.fixture
def objects(repo: Path) -> str:
    return str(repo / ".git/objects")


def plant(objects: str, oid: Oid, content: bytes) -> None:
    path = Path(loose_path(objects, oid))
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def left_over(objects: str) -> list[str]:
    return [file for _, _, names in os.walk(objects) for file in names if file.startswith("tmp")]


@pytest.mark.parametrize("durable", [True, False])
def test_git_reads_what_was_written(repo: Path, objects: str, durable: bool) -> None:
    oid = write_loose(objects, BLOB, b"hello\n", durable=durable)
    assert git(repo, "cat-file", "-p", oid.decode()).stdout == "hello\n"
    assert read_loose(objects, oid) == (BLOB, b"hello\n")
    assert not left_over(objects)


@given(st.binary(max_size=300), st.sampled_from([BLOB, TREE, COMMIT, TAG]))
@settings(max_examples=50)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: int
) -> None:
    objects = str(tmp_path_factory.mktemp("objects"))
    oid = write_loose(objects, kind, data, durable=False)
    assert oid == object_id(kind, data)
    assert read_loose(objects, oid) == (kind, data)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_object_is_named_when_read_and_replaced_when_written(
    repo: Path, objects: str, damage: str
) -> None:
    data = b"some text that is long enough to be damaged in the middle\n" * 3
    oid = write_loose(objects, BLOB, data)
    plant(objects, oid, damaged(Path(loose_path(objects, oid)).read_bytes(), damage))
    with pytest.raises(Damaged) as caught:
        read_loose(objects, oid)
    assert caught.value.facts["path"] == loose_path(objects, oid)
    assert not is_whole(objects, oid)
    assert is_damaged(objects, oid)
    write_loose(objects, BLOB, data)
    assert read_loose(objects, oid) == (BLOB, data)
    assert git(repo, "fsck", "--full", "--strict").returncode == 0


def test_a_whole_object_is_not_written_again(objects: str) -> None:
    oid = write_loose(objects, BLOB, b"once")
    before = Path(loose_path(objects, oid)).stat()
    assert write_loose(objects, BLOB, b"once") == oid
    assert Path(loose_path(objects, oid)).stat().st_ino == before.st_ino


def test_an_absent_object_is_no_damage(objects: str) -> None:
    assert read_loose(objects, object_id(BLOB, b"absent")) is None
    assert not is_damaged(objects, object_id(BLOB, b"absent"))


def test_more_objects_than_files_may_be_open(objects: str) -> None:
    oids = write_all(objects, ((BLOB, b"%d" % number) for number in range(700)), durable=False)
    assert len(set(oids)) == 700
    assert all(is_whole(objects, oid) for oid in oids)


def test_one_object_given_twice_is_written_once(objects: str) -> None:
    assert len(set(write_all(objects, [(BLOB, b"same"), (BLOB, b"same")]))) == 1
    assert not left_over(objects)


def test_objects_are_read_only_and_follow_the_umask(objects: str) -> None:
    before = os.umask(0o077)
    try:
        oid = write_loose(objects, BLOB, b"private")
    finally:
        os.umask(before)
    assert Path(loose_path(objects, oid)).stat().st_mode & 0o777 == 0o400
