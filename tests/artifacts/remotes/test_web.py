"""A public mirror of a store: what a web server with files can do, and what it may not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest

from mlgit.artifacts.remotes.files import PIECE
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote, name_of
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.errors import Damaged, MlgitError, NotFound, RemoteFailed, StorageFailed, Unsupported
from tests.support.mirror import Answer, Mirror, mirror

NOBODY = "0" * 64
SIZES = (0, 1, 70_000, PIECE + 1)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Mirror]:
    with mirror(tmp_path / "served") as running:
        yield running


@pytest.fixture
def remote(web: Mirror) -> FsspecRemote:
    return cast("FsspecRemote", open_remote("main", f"{web.url}/team ä"))


def kept(web: Mirror, size: int) -> tuple[str, bytes]:
    """An object that is put there by the server's own means."""
    data = random.randbytes(size)
    digest = sha256(data).hexdigest()
    path = web.root / "team ä" / name_of(digest)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return digest, data


def bytes_of(remote: FsspecRemote, digest: str) -> bytes:
    target = BytesIO()
    remote.get(digest, target)
    return target.getvalue()


@pytest.mark.parametrize("coding", ["never", "asked"])
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_there_is_read(
    web: Mirror, remote: FsspecRemote, size: int, ranges: bool, coding: str
) -> None:
    """Also of a server that knows no ranges, or would compress for those that let it."""
    web.ranges, web.gzip = ranges, coding
    digest, data = kept(web, size)
    assert remote.sizes([digest, NOBODY]) == {digest: size}
    assert remote.has(digest)
    assert remote.verify(digest)
    assert bytes_of(remote, digest) == data
    for start in {0, size // 2, max(0, size - 1), size, size + 7}:
        assert b"".join(remote.pieces(digest, start)) == data[start:]


def test_a_whole_file_is_one_request(web: Mirror, remote: FsspecRemote) -> None:
    digest, _ = kept(web, 3 * PIECE)
    bytes_of(remote, digest)
    assert [line.partition(" ")[0] for line in web.seen] == ["GET"]


def test_what_is_not_there_is_not_found(remote: FsspecRemote) -> None:
    assert remote.sizes([NOBODY]) == {}
    assert not remote.verify(NOBODY)
    assert remote.key("roots/nobody") is None
    with pytest.raises(NotFound):
        bytes_of(remote, NOBODY)
    with pytest.raises(NotFound):
        list(remote.pieces(NOBODY, 5))


def test_other_bytes_are_damage(web: Mirror, remote: FsspecRemote) -> None:
    digest, data = kept(web, 100)
    (web.root / "team ä" / name_of(digest)).write_bytes(data[:-1] + b"!!")
    assert not remote.verify(digest)
    with pytest.raises(Damaged):
        bytes_of(remote, digest)


def test_nothing_is_written_and_nothing_listed(
    web: Mirror, remote: FsspecRemote, tmp_path: Path
) -> None:
    digest, data = kept(web, 100)
    path = tmp_path / "file"
    path.write_bytes(data)
    for attempt in (
        lambda: remote.put(digest, path),
        lambda: remote.write("roots/x", b"x"),
        lambda: remote.remove(name_of(digest)),
        lambda: remote.move(name_of(digest), "trash/x"),
        lambda: list(remote.keys("sha256")),
        lambda: list(remote.keys("trash")),
    ):
        with pytest.raises(Unsupported) as caught:
            attempt()
        assert caught.value.hint
    assert all(line.startswith("HEAD") for line in web.seen)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_sent_to_another_host(
    web: Mirror, remote: FsspecRemote, tmp_path: Path, status: int
) -> None:
    """Whoever may change the mirror could else make clients ask inside their own network."""
    digest, _ = kept(web, 100)
    with mirror(tmp_path / "inside") as other:
        web.always = Answer(status, [("Location", f"{other.url}/x?X-Amz-Signature=canary")])
        for attempt in (lambda: remote.sizes([digest]), lambda: bytes_of(remote, digest)):
            with pytest.raises(StorageFailed) as caught:
                attempt()
            assert other.url in caught.value.message
            assert "canary" not in str(caught.value)
        assert other.seen == []


def test_bytes_that_are_compressed_all_the_same_are_refused(
    web: Mirror, remote: FsspecRemote
) -> None:
    """Their size would be another one, and a part of them is of no use."""
    digest, _ = kept(web, 100)
    web.gzip = "always"
    with pytest.raises(StorageFailed, match="gzip"):
        remote.sizes([digest])
    with pytest.raises(StorageFailed, match="gzip"):
        bytes_of(remote, digest)


FAILURES: dict[int, type[MlgitError]] = {
    401: StorageFailed,
    403: StorageFailed,
    408: RemoteFailed,
    429: RemoteFailed,
    500: RemoteFailed,
    502: RemoteFailed,
    503: RemoteFailed,
}


@pytest.mark.parametrize("status", FAILURES)
def test_a_failure_is_no_absence(web: Mirror, remote: FsspecRemote, status: int) -> None:
    digest, data = kept(web, 100)
    web.always = Answer(status, [], b"secret words of a server")
    for attempt in (lambda: remote.sizes([digest]), lambda: bytes_of(remote, digest)):
        with pytest.raises(FAILURES[status]) as caught:
            attempt()
        assert f"main ({web.url}/team ä)" in caught.value.message
        assert str(status) in caught.value.message
        assert caught.value.hint
    web.always = None
    assert bytes_of(remote, digest) == data


def test_half_an_answer_is_a_failure_that_may_pass(web: Mirror, remote: FsspecRemote) -> None:
    digest, data = kept(web, 70_000)
    web.cut = 20_000
    with pytest.raises(RemoteFailed):
        bytes_of(remote, digest)
    web.cut = -1
    assert bytes_of(remote, digest) == data


def test_a_server_that_is_gone_is_a_failure_that_may_pass(tmp_path: Path) -> None:
    with mirror(tmp_path) as web:
        url = web.url
    remote = open_remote("main", url)
    with pytest.raises(RemoteFailed):
        remote.sizes([NOBODY])
