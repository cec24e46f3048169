"""Bundles: what is in one is found by its end alone, and any zip program reads it."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.artifacts.bundles.archive import (
    LARGEST,
    MOST,
    SMALL,
    TAIL,
    batches,
    bundle_at,
    bundle_of,
    contents,
    file_of,
    room_of,
)
from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remotes.bundling import BundlingRemote
from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.upload import upload
from mlgit.artifacts.transfer.values import Wanted
from mlgit.errors import Damaged
from tests.artifacts.transfer.worlds import World, world

Objects = list[tuple[str, bytes]]


def named(*contents: bytes) -> Objects:
    return [(sha256(data).hexdigest(), data) for data in dict.fromkeys(contents)]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_every_object_is_where_the_directory_says(pieces: list[bytes]) -> None:
    objects = named(*pieces)
    bundle = bundle_of(objects)
    assert bundle == bundle_of(objects)
    spans = contents(bundle, len(bundle))
    assert [
        (digest, bundle[start : start + size]) for digest, (start, size) in spans.items()
    ] == objects


@given(st.lists(st.integers(0, SMALL), max_size=3000))
def test_a_bundle_is_never_larger_than_one_request(sizes: list[int]) -> None:
    counts = list(batches(sizes))
    assert sum(counts) == len(sizes)
    start = 0
    for count in counts:
        assert 0 < count <= MOST
        assert sum(map(room_of, sizes[start : start + count])) + 86 <= LARGEST
        start += count


def test_the_room_of_objects_is_what_they_take() -> None:
    objects = named(b"", b"one", b"two" * 1000)
    assert len(bundle_of(objects)) == sum(room_of(len(data)) for _, data in objects) + 86


def test_the_end_of_the_fullest_bundle_tells_all() -> None:
    bundle = bundle_of(named(*(b"%d" % number for number in range(MOST))))
    assert len(contents(bundle[-TAIL:], len(bundle))) == MOST


def test_any_zip_program_unpacks_it_to_the_plain_layout(tmp_path: Path) -> None:
    (first, _), (second, _) = objects = named(b"one", b"two")
    with ZipFile(BytesIO(bundle_of(objects))) as file:
        file.extractall(tmp_path)
        assert file.testzip() is None
    assert ObjectCache(tmp_path).verify(first)
    assert ObjectCache(tmp_path).verify(second)


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_directory_is_not_believed(seed: int) -> None:
    """A cut or flipped end names other objects, or none; it must not be remembered."""
    bundle = bytearray(bundle_of(named(b"one", b"two", b"three")))
    start = bytes(bundle).index(b"PK\x01\x02")
    at = Random(seed).randrange(start, len(bundle))
    flipped = bundle.copy()
    flipped[at] ^= 1 << (seed % 8)
    for spoiled in (bundle[:at], flipped):
        try:
            found = contents(bytes(spoiled), len(spoiled))
        except Damaged:
            continue
        assert found == contents(bytes(bundle), len(bundle))


def test_what_others_zipped_is_no_bundle() -> None:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as file:
        file.writestr("sha256/../../etc/passwd", b"x" * 5000)
    with pytest.raises(Damaged):
        contents(made.getvalue(), len(made.getvalue()))
    with pytest.raises(Damaged):
        contents(b"", LARGEST + 1)


def test_only_files_named_for_a_digest_are_bundles() -> None:
    assert bundle_at(file_of("ab" * 32)) == "ab" * 32
    assert bundle_at(f"bundles/{'ab' * 32}.zip.part") == ""
    assert bundle_at(f"trash/2026-11-23/bundles/{'ab' * 32}.zip") == ""


def remote_of(w: World) -> BundlingRemote:
    """The world's remote, as another process would open it."""
    return BundlingRemote("main", w.remote.url, w.remote.place, w.there.root / "memory")


def test_few_objects_go_by_themselves_and_many_together() -> None:
    with world("bundles", range(1, 40)) as w:
        assert upload(w.wanted[:31], w.here, w.remote).complete
        assert not list(w.bundles())
        assert upload(w.wanted[:32], w.here, w.remote).complete
        assert [len(objects) for objects in w.bundles()] == [32]


def test_an_object_in_a_bundle_is_as_any_other() -> None:
    with world("bundles") as w:
        assert w.upload().complete
        again = remote_of(w)
        assert again.sizes([one.sha256 for one in w.wanted]) == dict(w.wanted)
        one = w.wanted[7]
        assert again.has(one.sha256)
        assert again.verify(one.sha256)
        data = w.here.path(one.sha256).read_bytes()
        assert b"".join(again.pieces(one.sha256, 0)) == data
        assert b"".join(again.pieces(one.sha256, 900)) == data[900:]
        target = BytesIO()
        again.get(one.sha256, target)
        assert target.getvalue() == data


def test_what_another_pushed_meanwhile_is_found() -> None:
    with world("bundles") as w:
        early = remote_of(w)
        assert not early.has(w.wanted[5].sha256)
        assert w.upload().complete
        assert early.verify(w.wanted[5].sha256)
        assert download(w.wanted[5:6], [early], w.there).complete


def test_one_of_a_bundle_damaged_is_named_and_sent_again_alone() -> None:
    with world("bundles") as w:
        assert w.upload().complete
        (path,) = w.raw.glob(f"{w.root}/bundles/*.zip")
        data, bad = bytes(w.raw.cat_file(path)), w.wanted[9]
        start = data.index(w.here.path(bad.sha256).read_bytes())
        w.raw.pipe_file(path, data[:start] + bytes(bad.size) + data[start + bad.size :])
        assert not remote_of(w).verify(bad.sha256)
        got = download(w.wanted, [remote_of(w)], w.there)
        assert got.missing == [bad]
        assert [copy.wanted for copy in got.damaged] == [bad]
        w.remote.put(bad.sha256, w.here.path(bad.sha256))
        assert remote_of(w).verify(bad.sha256)
        assert download([bad], [remote_of(w)], w.there).complete


def test_of_two_copies_the_whole_one_is_given() -> None:
    with world("bundles") as w:
        one = w.wanted[3]
        w.remote.put(one.sha256, w.here.path(one.sha256))
        assert w.upload().complete
        w.raw.pipe_file(w.path(one), bytes(one.size))
        assert remote_of(w).verify(one.sha256)
        assert download([one], [remote_of(w)], w.there).complete


@pytest.mark.parametrize("left", ["nonsense", "", "half"])
def test_directories_are_read_once_and_may_be_forgotten(left: str) -> None:
    """Whatever a power cut leaves of one: no object is taken to be absent for it."""
    with world("bundles") as w:
        assert w.upload().complete
        wanted = [one.sha256 for one in w.wanted[1:]]
        assert len(remote_of(w).bundled(wanted)) == len(wanted)
        (file,) = (w.there.root / "memory").iterdir()
        w.faults.on, w.faults.mode = "read", "fail"
        assert len(remote_of(w).bundled(wanted)) == len(wanted)
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(lines[: len(lines) // 2]) if left == "half" else left)
        w.faults.mode = ""
        assert len(remote_of(w).bundled(wanted)) == len(wanted)


def test_what_is_not_here_whole_is_left_out_of_a_bundle_and_named() -> None:
    with world("bundles") as w:
        path = w.here.path(w.wanted[4].sha256)
        path.chmod(0o644)
        path.write_bytes(b"spoiled")
        absent = Wanted("0" * 64, 5)
        done = upload([*w.wanted, absent], w.here, w.remote)
        assert set(done.missing) == {w.wanted[4], absent}
        assert set(done.sent) == set(w.wanted) - {w.wanted[4]}
