"""Packs of our own making: git reads them, they are small, and half a pack harms nobody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dulwich.object_format import SHA1
from dulwich.objects import ObjectID
from dulwich.pack import Pack, apply_delta, load_pack_index_file
from hypothesis import given
from hypothesis import strategies as st

from mlgit.errors import Damaged
from mlgit.git.commit_pack import remove_leftovers
from mlgit.git.delta import delta
from mlgit.git.oid import BLOB, TREE, object_id
from mlgit.git.pack import PackWriter, concatenate, release
from mlgit.git.pack_index import Place, encode_index, read_index
from tests.git.histories import Made, run_commits
from tests.support.repos import git, make_repo

COMMITS = 300


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "bare", bare=True)


def pack_history(repository: Path, count: int = COMMITS, seed: int = 0) -> tuple[Path, list[Made]]:
    """Pack a history newest first and point the branch at it."""
    history = list(run_commits(count, seed))
    newer: dict[bytes, bytes] = {}
    with PackWriter(repository / "objects") as writer:
        for _, made in reversed(history):
            for kind, data, previous in reversed(made):
                oid = writer.add(kind, data, newer.get(object_id(kind, data)))
                if previous and kind == TREE:
                    newer[previous] = oid
        pack = writer.finish()
    assert pack is not None
    git(repository, "update-ref", "refs/heads/mlgit", history[-1][0].decode(), check=True)
    return pack, [one for _, made in history for one in made]


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300), st.binary())
def test_a_difference_makes_the_target_from_the_base(
    start: bytes, before: bytes, after: bytes, end: bytes
) -> None:
    base, target = start + before + end, start + after + end
    assert b"".join(apply_delta(base, delta(base, target))) == target


@pytest.mark.parametrize("length", [0, 1, 127, 128, 0xFFFF, 0x10000, 0x20003])
def test_a_difference_of_any_length_can_be_applied(length: int) -> None:
    base = os.urandom(length)
    for target in (base + b"more", b"more" + base, base[: length // 2] + b"x" * 300, b""):
        assert b"".join(apply_delta(base, delta(base, target))) == target


def test_git_finds_nothing_wrong_with_a_packed_history(bare: Path) -> None:
    pack, made = pack_history(bare)
    checked = git(bare, "fsck", "--full", "--strict")
    assert checked.returncode == 0, checked.stderr
    git(bare, "index-pack", "--verify", "--strict", str(pack), check=True)
    listed = git(bare, "rev-list", "--objects", "mlgit", check=True).stdout.splitlines()
    assert {line.split()[0] for line in listed} == {
        object_id(kind, data).decode() for kind, data, _ in made
    }


def test_every_object_reads_back_as_it_was_given(bare: Path) -> None:
    pack, made = pack_history(bare, 60)
    with Pack(str(pack.with_suffix("")), object_format=SHA1) as packed:
        for kind, data, _ in made:
            assert packed.get_raw(ObjectID(object_id(kind, data))) == (kind, data)


def test_a_history_packs_to_about_the_size_git_makes_of_it(bare: Path) -> None:
    ours = pack_history(bare, 1000)[0]
    release(ours)
    size = ours.stat().st_size
    git(bare, "repack", "-a", "-d", "-f", "-q", check=True)
    (theirs,) = (bare / "objects/pack").glob("*.pack")
    assert size <= 1.10 * theirs.stat().st_size


def test_an_object_given_twice_is_stored_once(bare: Path) -> None:
    with PackWriter(bare / "objects") as writer:
        assert writer.add(BLOB, b"same") == writer.add(BLOB, b"same")
        pack = writer.finish()
    assert pack is not None
    assert len(read_index(pack.with_suffix(".idx"))[0]) == 1


def test_an_empty_pack_is_never_written(bare: Path) -> None:
    with PackWriter(bare / "objects") as writer:
        assert writer.finish() is None
    assert not list((bare / "objects/pack").iterdir())


def test_left_without_finish_nothing_remains(bare: Path) -> None:
    with PackWriter(bare / "objects") as writer:
        writer.add(BLOB, b"lost")
    assert not list((bare / "objects/pack").iterdir())


def test_a_clean_up_by_git_in_the_middle_takes_nothing(bare: Path) -> None:
    with PackWriter(bare / "objects") as writer:
        writer.add(BLOB, b"still being written")
        git(bare, "gc", "--prune=now", "-q", check=True)
        git(bare, "prune", "--expire=now", check=True)
        pack = writer.finish()
    assert pack is not None
    assert pack.exists()


def test_what_a_killed_writer_leaves_is_removed_by_a_later_one(bare: Path) -> None:
    writer = PackWriter(bare / "objects")
    writer.add(BLOB, b"lost")
    (left,) = (bare / "objects/pack").iterdir()
    remove_leftovers(str(bare / "objects"))
    assert left.exists()  # it may still be at work
    os.utime(left, (1, 1))
    remove_leftovers(str(bare / "objects"))
    assert not left.exists()
    writer.__exit__(None, None, None)


def test_a_guarded_pack_outlives_gc_until_released(bare: Path) -> None:
    with PackWriter(bare / "objects") as writer:
        oid = writer.add(BLOB, b"no ref names me yet")
        pack = writer.finish()
    assert pack is not None
    git(bare, "gc", "--prune=now", "-q", check=True)
    assert git(bare, "cat-file", "-e", oid.decode()).returncode == 0
    release(pack)
    git(bare, "gc", "--prune=now", "-q", check=True)
    assert git(bare, "cat-file", "-e", oid.decode()).returncode != 0


def test_packs_join_to_one_with_all_their_objects(bare: Path) -> None:
    packs = [pack_history(bare, 40, seed)[0] for seed in (1, 2, 3)]
    objects = sum(len(read_index(pack.with_suffix(".idx"))[0]) for pack in packs)
    joined = concatenate(bare / "objects", packs)
    assert joined is not None
    for pack in packs:
        release(pack)
        pack.with_suffix(".idx").unlink()
        pack.unlink()
    assert len(read_index(joined.with_suffix(".idx"))[0]) == objects
    git(bare, "index-pack", "--verify", "--strict", str(joined), check=True)
    assert git(bare, "fsck", "--full", "--strict").returncode == 0


def test_packs_that_share_an_object_are_not_joined(bare: Path) -> None:
    packs = [pack_history(bare, 20, 1)[0], pack_history(bare, 10, 1)[0]]
    with pytest.raises(ValueError, match="shares an object"):
        concatenate(bare / "objects", packs)


@pytest.mark.parametrize("suffix", [".pack", ".idx"])
def test_a_damaged_pack_is_not_joined(bare: Path, suffix: str) -> None:
    pack = pack_history(bare, 20)[0]
    broken = pack.with_suffix(suffix)
    data = bytearray(broken.read_bytes())
    data[len(data) // 2] ^= 1
    broken.unlink()
    broken.write_bytes(data)
    with pytest.raises(Damaged):
        concatenate(bare / "objects", [pack])


def test_places_beyond_two_gigabytes_survive_the_index(tmp_path: Path) -> None:
    places = [
        Place(bytes((first,)) * 20, offset, first)
        for first, offset in ((9, 12), (3, (1 << 31) - 1), (200, 1 << 31), (4, 1 << 40))
    ]
    path = tmp_path / "far.idx"
    path.write_bytes(encode_index(places, b"c" * 20))
    assert read_index(path) == (sorted(places), b"c" * 20)
    with path.open("rb") as file:
        theirs = load_pack_index_file(str(path), file, SHA1)
    assert {place.id: place.offset for place in places} == {
        name: offset for name, offset, _ in theirs.iterentries()
    }
