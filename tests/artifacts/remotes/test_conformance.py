"""What every kind of remote does, each against a real one."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest

from mlgit.artifacts.remote import Collectable, Ranged, SharedRemote
from mlgit.artifacts.remotes.files import PIECE
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote, name_of
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.errors import Damaged, InvalidValue, NotFound, StorageFailed
from tests.support.clouds import There

NOBODY = "0" * 64
SIZES = (0, 1, 70_000, PIECE, PIECE + 1, 3 * PIECE + 5)

# aiohttp says so of the bytes of any upload by the SDKs of Azure and Google.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")

Make = Callable[[int], tuple[str, Path]]


@pytest.fixture
def remote(there: There) -> FsspecRemote:
    """A remote at an empty place."""
    return opened(there)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a file of so many bytes that no other has."""

    def made(size: int) -> tuple[str, Path]:
        data = random.randbytes(size)
        path = tmp_path / f"file-{sha256(data).hexdigest()[:8]}"
        path.write_bytes(data)
        return sha256(data).hexdigest(), path

    return made


def opened(there: There) -> FsspecRemote:
    return cast("FsspecRemote", open_remote("main", there.url))


def bytes_of(remote: FsspecRemote, digest: str) -> bytes:
    target = BytesIO()
    remote.get(digest, target)
    return target.getvalue()


def test_it_is_all_that_a_remote_can_be(remote: FsspecRemote, there: There) -> None:
    shared: SharedRemote = remote
    assert isinstance(remote, Ranged)
    assert isinstance(remote, Collectable)
    assert (shared.name, shared.url) == ("main", there.url)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_put_there_comes_back(
    remote: FsspecRemote, there: There, make: Make, size: int
) -> None:
    digest, path = make(size)
    assert not remote.has(digest)
    remote.put(digest, path)
    other = opened(there)
    assert other.has(digest)
    assert other.verify(digest)
    assert other.sizes([digest, NOBODY]) == {digest: size}
    assert bytes_of(other, digest) == path.read_bytes()
    assert [(found.sha256, found.size) for found in other.listing()] == [(digest, size)]


@pytest.mark.parametrize("size", SIZES)
def test_a_read_begins_anywhere(remote: FsspecRemote, make: Make, size: int) -> None:
    digest, path = make(size)
    remote.put(digest, path)
    for start in {0, size // 2, max(0, size - 1), size, size + 7, PIECE}:
        assert b"".join(remote.pieces(digest, start)) == path.read_bytes()[start:]


def test_what_is_not_there_is_not_found(remote: FsspecRemote) -> None:
    assert remote.sizes([NOBODY]) == {}
    assert not remote.verify(NOBODY)
    assert list(remote.listing()) == []
    assert remote.key("roots/nobody") is None
    with pytest.raises(NotFound):
        bytes_of(remote, NOBODY)
    with pytest.raises(NotFound):
        list(remote.pieces(NOBODY, 5))
    with pytest.raises(NotFound):
        remote.read("roots/nobody")
    with pytest.raises(NotFound):
        remote.move("roots/nobody", "roots/other")


def test_nothing_is_remembered(remote: FsspecRemote, there: There, make: Make) -> None:
    """What another clone has put there or removed a moment ago is seen."""
    digest, path = make(100)
    assert remote.sizes([digest]) == {}
    assert list(remote.listing()) == []
    opened(there).put(digest, path)
    assert remote.sizes([digest]) == {digest: 100}
    assert len(list(remote.listing())) == 1
    opened(there).remove(name_of(digest))
    assert remote.sizes([digest]) == {}
    assert list(remote.listing()) == []


@pytest.mark.parametrize("size", [10, PIECE + 1])
def test_a_file_of_other_bytes_is_not_sent(remote: FsspecRemote, make: Make, size: int) -> None:
    digest, path = make(size)
    remote.put(digest, path)
    other = path.with_name("other")
    other.write_bytes(b"!" + path.read_bytes()[1:])
    with pytest.raises(Damaged):
        remote.put(digest, other)
    with pytest.raises(Damaged):
        remote.put(NOBODY, other)
    assert remote.verify(digest)
    assert [key.name for key in remote.keys("")] == [name_of(digest)]


@pytest.mark.parametrize("size", [10, PIECE + 1])
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "longer"])
def test_damage_is_found_and_put_right(
    remote: FsspecRemote, make: Make, size: int, damage: str
) -> None:
    digest, path = make(size)
    remote.put(digest, path)
    good = path.read_bytes()
    bad = {"flipped": bytes([good[0] ^ 1]) + good[1:], "cut": good[:-1], "empty": b""}
    remote.write(name_of(digest), bad.get(damage, good + b"!"))
    assert not remote.verify(digest)
    with pytest.raises(Damaged):
        bytes_of(remote, digest)
    remote.put(digest, path)
    assert remote.verify(digest)
    assert bytes_of(remote, digest) == good


def test_what_is_there_and_whole_is_left_alone(remote: FsspecRemote, make: Make, kind: str) -> None:
    digest, path = make(PIECE + 1)
    remote.put(digest, path)
    before = remote.key(name_of(digest))
    time.sleep(1.1 if kind in ("s3", "ssh", "azure") else 0.01)  # their clocks have whole seconds
    remote.put(digest, path)
    assert remote.key(name_of(digest)) == before


def test_an_upload_tells_how_far_it_is(remote: FsspecRemote, make: Make) -> None:
    for size in (10, 2 * PIECE):
        told: list[int] = []
        digest, path = make(size)
        remote.put(digest, path, told.append)
        assert told == sorted(told)
        assert told[-1] == size


def test_an_upload_that_is_stopped_leaves_nothing_half(remote: FsspecRemote, make: Make) -> None:
    digest, path = make(2 * PIECE)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remote.put(digest, path, stop)
    assert remote.verify(digest) == remote.has(digest)  # one request may have been the whole
    assert list(remote.keys("tmp")) == []
    remote.put(digest, path)
    assert remote.verify(digest)


def test_a_listing_has_all_objects_and_nothing_else(remote: FsspecRemote, make: Make) -> None:
    began = time.time()
    made = [make(size) for size in range(100)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: remote.put(*one), made))
    for name in ("sha256/zz/zz/note.txt", f"sha256/00/11/{NOBODY}", "sha256/readme", "other"):
        remote.write(name, b"not an object")
    found = list(remote.listing())
    assert sorted(one.sha256 for one in found) == sorted(digest for digest, _ in made)
    assert sorted(one.size for one in found) == list(range(100))
    assert all(began - 60 < one.modified < time.time() + 60 for one in found)
    assert remote.sizes([one.sha256 for one in found]) == {one.sha256: one.size for one in found}


def test_many_threads_use_one_remote(remote: FsspecRemote, make: Make) -> None:
    made = [make(1000 + number) for number in range(40)]

    def there_and_back(one: tuple[str, Path]) -> bool:
        digest, path = one
        remote.put(digest, path)
        return bytes_of(remote, digest) == path.read_bytes() and remote.has(digest)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(there_and_back, made))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_uses_it_too(remote: FsspecRemote, make: Make, kind: str) -> None:
    if kind == "memory":
        pytest.skip("a child has a memory of its own")
    digest, path = make(PIECE + 1)
    other, another = make(500)
    remote.put(digest, path)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            remote.put(other, another)
            code = 0 if remote.verify(digest) else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert remote.verify(other)
    assert remote.verify(digest)


def test_files_are_moved_and_removed(remote: FsspecRemote, make: Make) -> None:
    digest, path = make(300)
    remote.put(digest, path)
    name, away = name_of(digest), f"trash/2026-11-23/{name_of(digest)}"
    remote.move(name, away)
    assert not remote.has(digest)
    assert [key.name for key in remote.keys("trash")] == [away]
    assert [key.size for key in remote.keys("")] == [300]
    remote.move(away, name)
    assert remote.verify(digest)
    remote.remove(name)
    remote.remove(name)
    assert not remote.has(digest)


def test_small_files_are_replaced_whole(remote: FsspecRemote) -> None:
    for text in (b"", b"first", b"second, and longer"):
        remote.write("roots/a store.json", text)
        assert remote.read("roots/a store.json") == text
    assert [key.name for key in remote.keys("roots")] == ["roots/a store.json"]
    assert list(remote.keys("nothing")) == []


def test_a_place_that_is_not_there_is_not_made(there: There, make: Make, kind: str) -> None:
    """An empty mount point or a misspelt bucket is not filled."""
    if kind == "memory":
        pytest.skip("memory is always there")
    digest, path = make(100)
    bucket = there.url.split("/")[2]
    url = f"{there.url}/unmounted" if there.folder else there.url.replace(bucket, "misspelt", 1)
    remote = cast("FsspecRemote", open_remote("main", url))
    attempts: list[Callable[[], object]] = [
        lambda: remote.put(digest, path),
        lambda: remote.sizes([digest]),
        lambda: list(remote.listing()),
        lambda: remote.write("roots/x", b"x"),
        lambda: remote.verify(digest),
    ]
    for attempt in attempts:
        with pytest.raises(StorageFailed) as caught:
            attempt()
        assert caught.value.hint
    assert there.folder is None or list(there.folder.iterdir()) == []


def test_names_that_are_no_digests_go_nowhere(remote: FsspecRemote, make: Make) -> None:
    _, path = make(5)
    for name in ("", "../x", "A" * 64, NOBODY + "\n", f"{NOBODY[:-2]}/x"):
        with pytest.raises(InvalidValue):
            remote.put(name, path)
        with pytest.raises(InvalidValue):
            remote.sizes([name])
