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
from typing import Protocol, cast

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remote import Bundling, Collectable, Ranged, SharedRemote
from mlgit.artifacts.remotes.files import PIECE
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote, name_of
from mlgit.artifacts.remotes.lfs import open_lfs
from mlgit.artifacts.remotes.lfs_access import GitHost
from mlgit.artifacts.remotes.lfs_address import endpoint_of_git
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.upload import upload
from mlgit.artifacts.transfer.values import Wanted
from mlgit.errors import Damaged, InvalidValue, NotFound, StorageFailed
from tests.support.clouds import There

NOBODY = "0" * 64
SIZES = (0, 1, 70_000, PIECE, PIECE + 1, 3 * PIECE + 5)

# aiohttp says so of the bytes of any upload by the SDKs of Azure and Google.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")

Make = Callable[[int], tuple[str, Path]]
MADE: dict[str, int] = {}  # sizes by digest, which an LFS remote knows from the store


class Shared(SharedRemote, Ranged, Protocol):
    """What every remote is."""


@pytest.fixture
def shared(there: There) -> Shared:
    """A remote of any kind at an empty place."""
    return reached(there)


@pytest.fixture
def remote(there: There, kind: str) -> FsspecRemote:
    """A remote whose files can be listed, moved and spoiled."""
    if kind == "lfs":
        pytest.skip("an LFS server lists and removes nothing, and takes nothing a second time")
    return opened(there)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a file of so many bytes that no other has."""

    def made(size: int) -> tuple[str, Path]:
        data = random.randbytes(size)
        path = tmp_path / f"file-{sha256(data).hexdigest()[:8]}"
        path.write_bytes(data)
        MADE[sha256(data).hexdigest()] = size
        return sha256(data).hexdigest(), path

    return made


def opened(there: There) -> FsspecRemote:
    return cast("FsspecRemote", open_remote("main", there.url))


def reached(there: There) -> Shared:
    if not there.url.startswith("lfs:"):
        return opened(there)
    server = endpoint_of_git(there.url.removeprefix("lfs:"))
    return open_lfs("main", there.url, GitHost(lambda _: server, lambda one: MADE.get(one, 0)))


def bytes_of(remote: SharedRemote, digest: str) -> bytes:
    target = BytesIO()
    remote.get(digest, target)
    return target.getvalue()


def test_it_is_all_that_a_remote_can_be(shared: Shared, there: There, kind: str) -> None:
    assert isinstance(shared, Ranged)
    assert isinstance(shared, Collectable) == (kind != "lfs")
    assert (shared.name, shared.url) == ("main", there.url)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_put_there_comes_back(
    shared: Shared, there: There, make: Make, size: int, kind: str
) -> None:
    digest, path = make(size)
    assert not shared.has(digest) or (kind == "lfs" and size == 0)  # which every LFS store has
    shared.put(digest, path)
    other = reached(there)
    assert other.has(digest)
    assert other.verify(digest)
    assert other.sizes([digest, NOBODY]) == {digest: size}
    assert bytes_of(other, digest) == path.read_bytes()
    if kind != "lfs":
        found = opened(there).keys("sha256")
        assert [(key.name, key.size) for key in found] == [(name_of(digest), size)]


def test_no_byte_is_special(remote: FsspecRemote, tmp_path: Path) -> None:
    """Also not to who frames an upload by lines."""
    for data in (b"\r", b"\n", b"\r\n\r\n", b"\n--==0==--", b"weights\r", b"\nweights\r\n", b"\0"):
        digest, path = sha256(data).hexdigest(), tmp_path / "file"
        path.write_bytes(data)
        remote.put(digest, path)
        assert bytes_of(remote, digest) == data
        remote.write("roots/bytes", data)
        assert remote.read("roots/bytes") == data


@pytest.mark.parametrize("size", SIZES)
def test_a_read_begins_anywhere(shared: Shared, make: Make, size: int) -> None:
    digest, path = make(size)
    shared.put(digest, path)
    for start in {0, size // 2, max(0, size - 1), size, size + 7, PIECE}:
        assert b"".join(shared.pieces(digest, start)) == path.read_bytes()[start:]


def test_what_is_not_there_is_not_found(shared: Shared) -> None:
    assert shared.sizes([NOBODY]) == {}
    assert not shared.verify(NOBODY)
    with pytest.raises(NotFound):
        bytes_of(shared, NOBODY)
    with pytest.raises(NotFound):
        list(shared.pieces(NOBODY, 5))


def test_a_file_that_is_not_there_is_not_found(remote: FsspecRemote) -> None:
    assert list(remote.keys("sha256")) == []
    assert remote.key("roots/nobody") is None
    with pytest.raises(NotFound):
        remote.read("roots/nobody")
    with pytest.raises(NotFound):
        remote.move("roots/nobody", "roots/other")


def test_what_another_puts_there_is_seen(shared: Shared, there: There, make: Make) -> None:
    digest, path = make(100)
    assert shared.sizes([digest]) == {}
    reached(there).put(digest, path)
    assert shared.sizes([digest]) == {digest: 100}


def test_nothing_is_remembered(remote: FsspecRemote, there: There, make: Make) -> None:
    """What another clone has put there or removed a moment ago is seen."""
    digest, path = make(100)
    assert remote.sizes([digest]) == {}
    assert list(remote.keys("sha256")) == []
    opened(there).put(digest, path)
    assert remote.sizes([digest]) == {digest: 100}
    assert len(list(remote.keys("sha256"))) == 1
    opened(there).remove(name_of(digest))
    assert remote.sizes([digest]) == {}
    assert list(remote.keys("sha256")) == []


@pytest.mark.parametrize("size", [10, PIECE + 1])
def test_a_file_of_other_bytes_is_not_sent(
    shared: Shared, there: There, make: Make, size: int, kind: str
) -> None:
    digest, path = make(size)
    shared.put(digest, path)
    other = path.with_name("other")
    data = path.read_bytes()
    other.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(Damaged):
        shared.put(digest, other)
    with pytest.raises(Damaged):
        shared.put(NOBODY, other)
    assert shared.verify(digest)
    assert not shared.has(NOBODY)
    if kind != "lfs":
        assert [key.name for key in opened(there).keys("")] == [name_of(digest)]


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


def test_an_upload_tells_how_far_it_is(shared: Shared, make: Make) -> None:
    for size in (10, 2 * PIECE):
        told: list[int] = []
        digest, path = make(size)
        shared.put(digest, path, told.append)
        assert told == sorted(told)
        assert told[-1] == size


def test_an_upload_that_is_stopped_leaves_nothing_half(
    shared: Shared, there: There, make: Make, kind: str
) -> None:
    digest, path = make(2 * PIECE)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shared.put(digest, path, stop)
    assert shared.verify(digest) == shared.has(digest)  # one request may have been the whole
    if kind != "lfs":
        assert list(opened(there).keys("tmp")) == []
    shared.put(digest, path)
    assert shared.verify(digest)


def test_a_listing_has_every_object_and_nothing_from_elsewhere(
    remote: FsspecRemote, make: Make
) -> None:
    began = time.time()
    made = [make(size) for size in range(100)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: remote.put(*one), made))
    others = {"sha256/zz/zz/note.txt", f"sha256/00/11/{NOBODY}", "sha256/readme"}
    for name in (*others, "other"):
        remote.write(name, b"not an object")
    found = list(remote.keys("sha256"))
    objects = {name_of(digest): path.stat().st_size for digest, path in made}
    assert {one.name: one.size for one in found if one.name not in others} == objects
    assert len(found) == len({one.name for one in found})
    assert all(began - 60 < one.modified < time.time() + 60 for one in found)
    sizes = {digest: path.stat().st_size for digest, path in made}
    assert remote.sizes(list(sizes)) == sizes


def test_many_threads_use_one_remote(shared: Shared, make: Make) -> None:
    made = [make(1000 + number) for number in range(40)]

    def there_and_back(one: tuple[str, Path]) -> bool:
        digest, path = one
        shared.put(digest, path)
        return bytes_of(shared, digest) == path.read_bytes() and shared.has(digest)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(there_and_back, made))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_uses_it_too(shared: Shared, make: Make, kind: str) -> None:
    if kind == "memory":
        pytest.skip("a child has a memory of its own")
    digest, path = make(PIECE + 1)
    other, another = make(500)
    shared.put(digest, path)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            shared.put(other, another)
            code = 0 if shared.verify(digest) else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert shared.verify(other)
    assert shared.verify(digest)


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
    folder, there = there.folder, There(misspelt(there), there.env)
    shared = reached(there)
    attempts: list[Callable[[], object]] = [
        lambda: shared.put(digest, path),
        lambda: shared.sizes([digest]),
        lambda: shared.verify(digest),
    ]
    if kind != "lfs":
        attempts += [
            lambda: list(opened(there).keys("sha256")),
            lambda: opened(there).write("roots/x", b"x"),
        ]
    for attempt in attempts:
        with pytest.raises(StorageFailed) as caught:
            attempt()
        assert caught.value.hint
    assert folder is None or list(folder.iterdir()) == []


def misspelt(there: There) -> str:
    """An address beside the place."""
    if there.folder:
        return f"{there.url}/unmounted"
    name = there.url.split("/")[3 if there.url.startswith("lfs:") else 2]
    return there.url.replace(name, "misspelt", 1)


def test_names_that_are_no_digests_go_nowhere(shared: Shared, make: Make) -> None:
    _, path = make(5)
    for name in ("", "../x", "A" * 64, NOBODY + "\n", f"{NOBODY[:-2]}/x"):
        with pytest.raises(InvalidValue):
            shared.put(name, path)
        with pytest.raises(InvalidValue):
            shared.sizes([name])


def test_many_small_objects_travel_together(
    there: There, shared: Shared, make: Make, tmp_path: Path
) -> None:
    """One file there where each request costs; by themselves elsewhere; the same to its readers."""
    here = ObjectCache(tmp_path / "here")
    wanted = [Wanted(*here.put_file(make(1_000 + number)[1])) for number in range(40)]
    assert set(upload(wanted, here, shared).sent) == set(wanted)
    other, into = reached(there), ObjectCache(tmp_path / "there")
    assert other.sizes([one.sha256 for one in wanted]) == dict(wanted)
    assert upload(wanted, here, other).there == wanted
    assert all(other.verify(one.sha256) for one in wanted[::9])
    assert set(download(wanted[:5], [reached(there)], into).fetched) == set(wanted[:5])
    assert set(download(wanted, [reached(there)], into).fetched) == set(wanted[5:])
    if isinstance(other, Bundling) and isinstance(other, Collectable):
        assert len([key for key in other.keys("bundles") if key.size]) == 1
        assert not list(other.keys("sha256"))
