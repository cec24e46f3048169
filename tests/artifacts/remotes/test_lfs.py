"""The LFS store of a git host as a remote, against a server of the documented API."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from threading import Thread

import pytest

from mlgit.artifacts.remote import Collectable
from mlgit.artifacts.remotes.lfs import EMPTY, open_lfs
from mlgit.errors import Damaged, NotFound, Unsupported
from tests.artifacts.remotes.lfs_model import DATA, DIGEST, fetched, opened
from tests.support.lfs import Fault, Lfs


def test_what_was_put_is_there_and_comes_back(lfs: Lfs, source: Path) -> None:
    remote = opened(lfs)
    told: list[int] = []
    assert remote.sizes([DIGEST]) == {}
    remote.put(DIGEST, source, told.append)
    assert lfs.objects == {DIGEST: DATA}
    assert remote.sizes([DIGEST]) == {DIGEST: len(DATA)}
    assert remote.has(DIGEST)
    assert remote.verify(DIGEST)
    assert fetched(remote) == DATA
    assert told[0] == 0
    assert told[-1] == len(DATA)


def test_what_the_server_has_is_not_sent_again(lfs: Lfs, source: Path) -> None:
    lfs.objects[DIGEST] = DATA
    opened(lfs).put(DIGEST, source)
    assert lfs.count("PUT") == 0


def test_an_upload_has_its_length_and_is_verified(lfs: Lfs, source: Path) -> None:
    opened(lfs).put(DIGEST, source)
    headers = dict(lfs.seen)["PUT"]
    assert headers["content-length"] == str(len(DATA))
    assert headers["content-type"] == "application/octet-stream"
    assert "transfer-encoding" not in headers
    assert lfs.count("VERIFY") == 1


def test_a_server_that_wants_chunks_gets_chunks(lfs: Lfs, source: Path) -> None:
    lfs.chunked = True
    opened(lfs).put(DIGEST, source)
    assert lfs.objects == {DIGEST: DATA}
    assert dict(lfs.seen)["PUT"]["transfer-encoding"] == "chunked"


def test_two_hundred_and_fifty_objects_are_asked_for_a_hundred_at_a_time(
    lfs: Lfs, tmp_path: Path
) -> None:
    """Looked for, sent and fetched: three batches each, not one an object."""
    every = {sha256(b"%d" % n).hexdigest(): b"%d" % n for n in range(250)}
    remote = opened(lfs, {one: len(data) for one, data in every.items()})
    assert remote.sizes(every) == {}
    for one, data in every.items():
        (tmp_path / one).write_bytes(data)
        remote.put(one, tmp_path / one)
    assert lfs.count("BATCH") == 6
    assert remote.sizes(every) == {one: len(data) for one, data in every.items()}
    assert all(remote.verify(one) for one in every)
    assert lfs.count("BATCH") == 9


def test_a_batch_that_is_too_long_is_asked_in_halves(lfs: Lfs) -> None:
    lfs.most = 3
    every = [sha256(b"%d" % n).hexdigest() for n in range(10)]
    lfs.objects[every[7]] = b"7"
    assert opened(lfs, dict.fromkeys(every, 1)).sizes(every) == {every[7]: 1}


@pytest.mark.parametrize("there", [{}, {DIGEST: DATA}])
def test_wrong_bytes_never_arrive(lfs: Lfs, tmp_path: Path, there: dict[str, bytes]) -> None:
    """Whether the server has the right ones already or not."""
    lfs.objects.update(there)
    other = tmp_path / "other"
    other.write_bytes(b"x" + DATA[1:])
    with pytest.raises(Damaged):
        opened(lfs).put(DIGEST, other)
    assert lfs.objects == there


def test_the_object_of_no_bytes_needs_no_server(lfs: Lfs, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    remote, target = opened(lfs), io.BytesIO()
    remote.put(EMPTY, tmp_path / "empty")
    remote.get(EMPTY, target)
    assert target.getvalue() == b""
    assert remote.sizes([EMPTY]) == {EMPTY: 0}
    assert remote.verify(EMPTY)
    assert lfs.seen == []


def test_what_is_not_there_is_not_found(lfs: Lfs) -> None:
    remote = opened(lfs)
    assert not remote.verify(DIGEST)
    assert not remote.has(DIGEST)
    with pytest.raises(NotFound):
        fetched(remote)


def test_an_object_of_another_size_is_not_the_one(lfs: Lfs) -> None:
    """A server that checks sizes says 422: what it has is not what the manifest names."""
    lfs.objects[DIGEST] = DATA[:-1]
    assert opened(lfs).sizes([DIGEST]) == {}


def test_spoiled_bytes_are_never_returned(lfs: Lfs) -> None:
    lfs.objects[DIGEST] = b"x" + DATA[1:]
    assert not opened(lfs).verify(DIGEST)
    with pytest.raises(Damaged):
        fetched(opened(lfs))
    lfs.objects[DIGEST] = DATA
    lfs.faults["GET"] = [Fault(flip=True)]
    with pytest.raises(Damaged):
        fetched(opened(lfs))


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on_where_it_stopped(lfs: Lfs, ranges: bool) -> None:
    """Also from a server that always begins at the first byte."""
    lfs.objects[DIGEST], lfs.ranges = DATA, ranges
    lfs.faults["GET"] = [Fault(cut=100_000), Fault(cut=1)]
    assert fetched(opened(lfs)) == DATA
    assert "range" in lfs.seen[-1][1]


def test_pieces_begin_anywhere(lfs: Lfs) -> None:
    lfs.objects[DIGEST] = DATA
    for lfs.ranges in (True, False):
        remote = opened(lfs)
        assert b"".join(remote.pieces(DIGEST, 5)) == DATA[5:]
        assert b"".join(remote.pieces(DIGEST, len(DATA))) == b""


def test_nothing_can_be_listed_nor_cleaned_up(lfs: Lfs) -> None:
    assert not isinstance(opened(lfs), Collectable)


def test_many_threads_use_one_remote(lfs: Lfs, tmp_path: Path) -> None:
    every = {sha256(b"%d" % n).hexdigest(): b"%d" % n for n in range(64)}
    remote = opened(lfs, {one: len(data) for one, data in every.items()})
    remote.sizes(every)

    def send(one: str) -> None:
        (tmp_path / one).write_bytes(every[one])
        remote.put(one, tmp_path / one)

    threads = [Thread(target=send, args=(one,)) for one in every]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lfs.objects == every


def test_a_whole_address_needs_no_repository(lfs: Lfs, source: Path) -> None:
    open_lfs("main", f"lfs:{lfs.url}.git").put(DIGEST, source)
    assert lfs.objects == {DIGEST: DATA}
    with pytest.raises(Unsupported):
        open_lfs("main", "lfs:origin")
