"""Whatever a remote does: nothing is claimed falsely, no wrong bytes arrive, a retry completes."""

from __future__ import annotations

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote
from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.values import BadCopy
from tests.artifacts.transfer.worlds import (
    FAULTS,
    READ_FAULTS,
    Row,
    World,
    downloaded_under,
    table,
    uploaded_under,
    world,
)
from tests.support.faulty import MOVE_MODES, READ, WRITE

STORES = ["object store", "bundles", pytest.param("folder", marks=pytest.mark.full)]
SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 30))]


def assert_lawful(row: Row) -> None:
    assert row.false == 0
    assert row.wrong == 0
    assert row.again
    assert row.found


@pytest.mark.parametrize(("on", "mode"), FAULTS)
@pytest.mark.parametrize("store", STORES)
def test_an_upload_claims_only_what_is_there(store: str, on: str, mode: str) -> None:
    row = uploaded_under(store, on, mode)
    assert_lawful(row)
    assert row.struck or mode == "random"


@pytest.mark.parametrize("mode", MOVE_MODES)
def test_an_upload_whose_last_step_does_nothing_is_not_claimed(mode: str) -> None:
    assert_lawful(uploaded_under("folder", WRITE, mode))


@pytest.mark.parametrize(("on", "mode"), READ_FAULTS)
@pytest.mark.parametrize("store", STORES)
def test_a_download_never_gives_wrong_bytes(store: str, on: str, mode: str) -> None:
    row = downloaded_under(store, on, mode)
    assert_lawful(row)
    assert row.struck or mode == "random"


@pytest.mark.parametrize("seed", SEEDS)
def test_one_failure_in_ten_is_overcome_without_help(seed: int) -> None:
    with world("object store", range(100, 140), seed) as w:
        w.faults.mode, w.faults.chance = "random", 0.1
        sent = w.upload(60.0)
        assert sent.complete
        assert all(map(w.is_stored, w.wanted))
        got = w.download(60.0)
        assert w.faults.count
        assert not w.wrong_here()
        assert got.complete or got.damaged
        w.faults.mode = ""
        assert w.download().complete


def damage(w: World) -> set[str]:
    """Spoil a stored object in each way, also so that its size stays; their digests."""
    flipped, cut, longer, gone = w.wanted[1:5]
    data = w.stored(flipped) or b""
    w.raw.pipe_file(w.path(flipped), bytes([data[0] ^ 1]) + data[1:])
    w.raw.pipe_file(w.path(cut), (w.stored(cut) or b"")[:-1])
    w.raw.pipe_file(w.path(longer), (w.stored(longer) or b"") + b"more")
    w.raw.rm_file(w.path(gone))
    return {one.sha256 for one in (flipped, cut, longer, gone)}


@pytest.mark.parametrize("store", ["object store", "folder"])
def test_planted_damage_is_found_named_and_never_handed_out(store: str) -> None:
    with world(store) as w:
        assert w.upload().complete
        planted = damage(w)
        assert {one.sha256 for one in w.wanted if not w.remote.verify(one.sha256)} == planted
        got = w.download()
        assert {one.sha256 for one in got.missing} == planted
        assert {bad.wanted for bad in got.damaged} == set(w.wanted[1:4])
        assert not w.wrong_here()
        again = w.upload()  # sizes show all but the flipped one
        assert {one.sha256 for one in again.sent} == planted - {w.wanted[1].sha256}


def test_a_good_copy_elsewhere_is_used_and_the_bad_ones_are_named() -> None:
    with world("object store") as w, world("folder") as other:
        assert w.upload().complete
        assert other.upload().complete
        damage(w)
        second: FsspecRemote = other.remote
        got = download(w.wanted, [w.remote, second], w.there)
        assert got.complete
        assert len(got.fetched) == len(w.wanted)
        assert set(got.damaged) == {BadCopy(w.remote.name, one) for one in w.wanted[1:4]}


def test_a_remote_that_does_not_answer_is_asked_last() -> None:
    with world("object store", range(1, 60)) as w, world("object store", range(1, 60)) as other:
        assert other.upload().complete
        w.faults.on, w.faults.mode = READ, "fail"
        assert download(w.wanted, [w.remote, other.remote], w.there, workers=1).complete
        assert w.faults.count < 10


def test_the_beginning_that_another_left_may_be_wrong() -> None:
    with world("object store") as w:
        assert w.upload().complete
        place = ObjectCache(w.there.root).root / "tmp"
        place.mkdir(parents=True)
        for one in w.wanted:
            (place / f"{one.sha256}.part").write_bytes(b"something else")
        assert w.download().complete
        assert not w.wrong_here()
        assert list(place.iterdir()) == []


@pytest.mark.full
def test_the_table_of_faults_shows_no_false_claim() -> None:
    text = table()
    assert "FAILS" not in text
    assert "WRONG" not in text
