"""The LFS store of a git host as a remote, against a server of the documented API."""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Thread

import pytest

from mlgit.artifacts.remotes.lfs import EMPTY, LfsRemote, open_lfs
from mlgit.artifacts.remotes.lfs_access import GitHost
from mlgit.artifacts.remotes.lfs_address import endpoint_of_git
from mlgit.errors import Damaged, MlgitError, NotFound, RemoteFailed, StorageFailed, Unsupported
from tests.support.lfs import Fault, Lfs, lfs_server

DATA = b"weights " * 40_000
DIGEST = sha256(DATA).hexdigest()


@pytest.fixture
def lfs() -> Iterator[Lfs]:
    with lfs_server() as served:
        yield served


def opened(lfs: Lfs, sizes: dict[str, int] | None = None, url: str = "") -> LfsRemote:
    known = {DIGEST: len(DATA), **(sizes or {})}
    host = GitHost(lambda _: endpoint_of_git(url or lfs.url), lambda one: known.get(one, 0))
    return open_lfs("main", "lfs:origin", host)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(DATA)
    return path


def fetched(remote: LfsRemote) -> bytes:
    target = io.BytesIO()
    remote.get(DIGEST, target)
    return target.getvalue()


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


def test_addresses_that_are_over_are_asked_for_anew(lfs: Lfs, source: Path) -> None:
    remote = opened(lfs)
    remote.sizes([DIGEST])
    lfs.faults["PUT"] = [Fault(status=403)]
    remote.put(DIGEST, source)
    remote.sizes([DIGEST])
    lfs.token = "t1"
    assert fetched(remote) == DATA


def test_addresses_about_to_end_are_not_kept(lfs: Lfs) -> None:
    lfs.objects[DIGEST], lfs.expires_in = DATA, 20
    remote = opened(lfs)
    remote.sizes([DIGEST])
    before = lfs.count("BATCH")
    fetched(remote)
    assert lfs.count("BATCH") == before + 1


def test_a_server_that_keeps_nothing_is_found_out(lfs: Lfs, source: Path) -> None:
    """By its own word: after the upload it is asked whether it has the object."""
    lfs.careless = True
    for lfs.verifies in (True, False):
        with pytest.raises(MlgitError):
            opened(lfs).put(DIGEST, source)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, StorageFailed),
        (404, StorageFailed),
        (406, StorageFailed),
        (413, StorageFailed),
        (422, StorageFailed),
        (501, StorageFailed),
        (507, StorageFailed),
        (509, StorageFailed),
        (429, RemoteFailed),
        (500, RemoteFailed),
        (502, RemoteFailed),
        (503, RemoteFailed),
    ],
)
@pytest.mark.parametrize("kind", ["BATCH", "PUT", "VERIFY"])
def test_a_refusal_says_whether_it_may_pass(
    lfs: Lfs, source: Path, kind: str, status: int, error: type[MlgitError]
) -> None:
    lfs.faults[kind] = [Fault(status=status)] * 5
    with pytest.raises(error, match=str(status)) as caught:
        opened(lfs).put(DIGEST, source)
    assert caught.value.hint
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("kind", ["BATCH", "PUT", "VERIFY"])
def test_a_lost_answer_is_a_failure_that_may_pass(lfs: Lfs, source: Path, kind: str) -> None:
    lfs.faults[kind] = [Fault(lost=True)]
    remote = opened(lfs)
    with pytest.raises(RemoteFailed):
        remote.put(DIGEST, source)
    remote.put(DIGEST, source)
    assert lfs.objects == {DIGEST: DATA}


def test_an_object_that_is_too_large_is_refused(lfs: Lfs, source: Path) -> None:
    lfs.largest = 1000
    with pytest.raises(StorageFailed, match="that large"):
        opened(lfs).put(DIGEST, source)


def test_it_waits_as_long_as_the_server_says(lfs: Lfs, source: Path) -> None:
    busy = Fault(status=429, headers=(("Retry-After", "0"),))
    for kind in ("BATCH", "PUT", "VERIFY"):
        lfs.faults[kind] = [busy, busy]
    opened(lfs).put(DIGEST, source)
    assert lfs.objects == {DIGEST: DATA}


def test_a_wait_that_is_too_long_is_told(lfs: Lfs) -> None:
    lfs.faults["BATCH"] = [Fault(status=429, headers=(("Retry-After", "3600"),))]
    with pytest.raises(RemoteFailed) as caught:
        opened(lfs).sizes([DIGEST])
    assert "3600 s" in caught.value.hint
    assert caught.value.facts["retry_after"] == 3600


def test_nobody_there_is_a_failure_that_may_pass(lfs: Lfs) -> None:
    with pytest.raises(RemoteFailed):
        opened(lfs, url="http://127.0.0.1:1/team/models").sizes([DIGEST])


def test_a_store_that_is_not_there_is_named(lfs: Lfs) -> None:
    with pytest.raises(StorageFailed, match="no LFS store"):
        opened(lfs, url=lfs.url.replace("team", "nobody")).sizes([DIGEST])


def test_a_moved_repository_is_followed(lfs: Lfs) -> None:
    """But to no address of another kind."""
    lfs.objects[DIGEST] = DATA
    there = f"{lfs.url}.git/info/lfs/objects/batch"
    lfs.faults["BATCH"] = [Fault(status=307, headers=(("Location", there),))]
    assert opened(lfs).has(DIGEST)
    lfs.faults["BATCH"] = [Fault(status=302, headers=(("Location", "file:///etc/passwd"),))]
    with pytest.raises(StorageFailed, match="not safe"):
        opened(lfs).has(DIGEST)


def test_who_we_are_is_not_told_to_another_host(lfs: Lfs) -> None:
    lfs.objects[DIGEST], lfs.login = DATA, "ada:secret-word"
    with lfs_server() as other:
        place = f"{other.url}.git/info/lfs/objects/batch"
        remote = opened(lfs, url=lfs.url.replace("://", "://ada:secret-word@"))
        assert remote.has(DIGEST)
        lfs.faults["BATCH"] = [Fault(status=307, headers=(("Location", place),))]
        remote.has(DIGEST)
        assert "authorization" not in other.seen[0][1]


def test_a_login_that_is_refused_is_not_shown(lfs: Lfs) -> None:
    lfs.login = "ada:right"
    with pytest.raises(StorageFailed, match="who you are") as caught:
        opened(lfs, url=lfs.url.replace("://", "://ada:wrong-word@")).sizes([DIGEST])
    assert "wrong-word" not in f"{caught.value} {caught.value.hint} {caught.value.facts}"
    assert "log in" in caught.value.hint


def test_the_login_of_netrc_is_used(lfs: Lfs, tmp_path: Path) -> None:
    lfs.login = "ada:of-netrc"
    path = tmp_path / "home" / ".netrc"
    path.write_text("machine 127.0.0.1 login ada password of-netrc\n")
    path.chmod(0o600)
    assert opened(lfs).sizes([DIGEST]) == {}


def test_nothing_can_be_listed(lfs: Lfs) -> None:
    with pytest.raises(Unsupported, match="does not list"):
        opened(lfs).listing()


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
