"""Many objects at once: what is moved, what is told, when it stops."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.upload import upload
from mlgit.artifacts.transfer.values import Moved, Wanted
from mlgit.errors import RemoteFailed, StorageFailed
from tests.artifacts.transfer.worlds import World, world
from tests.support.faulty import LOOK, READ, WRITE


@pytest.fixture
def w() -> Iterator[World]:
    with world("object store") as made:
        yield made


def test_what_is_there_is_not_sent_again_and_twice_the_same_is_once(w: World) -> None:
    first = upload(w.wanted[:2] * 2, w.here, w.remote)
    assert set(first.sent) == set(w.wanted[:2])
    second = w.upload()
    assert second.there == w.wanted[:2]
    assert set(second.sent) == set(w.wanted[2:])


def test_what_is_missing_here_is_named_and_a_second_source_is_asked(w: World) -> None:
    other = ObjectCache(w.here.root.parent / "other")
    nowhere = Wanted("0" * 64, 5)
    spoiled = w.here.path(w.wanted[2].sha256)
    other.put_bytes(spoiled.read_bytes())
    spoiled.chmod(0o644)
    spoiled.write_bytes(b"spoiled")
    done = upload([*w.wanted, nowhere], [w.here, other], w.remote)
    assert done.missing == [nowhere]
    assert set(done.sent) == set(w.wanted)
    assert not done.complete
    assert upload([w.wanted[2]], w.here, w.remote).there == [w.wanted[2]]


def test_what_is_here_damaged_is_fetched_anew(w: World) -> None:
    assert w.upload().complete
    assert w.download().complete
    path = w.there.path(w.wanted[3].sha256)
    path.chmod(0o644)
    path.write_bytes(b"spoiled")
    again = w.download()
    assert again.fetched == [w.wanted[3]]
    assert len(again.there) == len(w.wanted) - 1
    assert not w.wrong_here()


def test_progress_is_told_in_the_callers_thread_up_to_the_end(w: World) -> None:
    told: list[tuple[Moved, int]] = []

    def hear(moved: Moved) -> None:
        told.append((moved, threading.get_ident()))

    total = sum(one.size for one in w.wanted)
    assert upload(w.wanted, w.here, w.remote, progress=hear).complete
    assert told[-1][0] == (total, total, len(w.wanted), len(w.wanted))
    assert download(w.wanted, [w.remote], w.there, progress=hear).complete
    assert told[-1][0] == (total, total, len(w.wanted), len(w.wanted))
    assert {thread for _, thread in told} == {threading.get_ident()}


@pytest.mark.parametrize("mode", ["refuse", "full"])
def test_a_refusal_ends_the_transfer_of_many_early(mode: str) -> None:
    with world("object store", range(1, 200)) as w:
        w.faults.on, w.faults.mode = WRITE, mode
        done = w.upload()
        assert len(done.failed) == len(w.wanted)
        assert {type(failure.error) for failure in done.failed} == {StorageFailed}
        assert w.faults.count < 60


def test_a_remote_that_cannot_be_asked_ends_an_upload_before_it_begins(w: World) -> None:
    w.faults.on, w.faults.mode = LOOK, "fail"
    with pytest.raises(RemoteFailed):
        w.upload()


def test_a_broken_download_goes_on_where_it_stopped(w: World) -> None:
    """The rest alone is asked for: the first half of what is stored may be anything by then."""
    assert w.upload().complete
    one = w.wanted[-1]
    half = one.size // 2
    data = w.stored(one) or b""
    place = w.there.root / "tmp"
    place.mkdir(parents=True)
    (place / f"{one.sha256}.part").write_bytes(data[:half])
    w.raw.pipe_file(w.path(one), bytes(half) + data[half:])
    assert download([one], [w.remote], w.there).complete
    assert w.there.verify(one.sha256)


def test_what_a_failing_remote_gave_is_kept_for_the_next_call() -> None:
    with world("folder") as w:
        assert w.upload().complete
        w.faults.on, w.faults.mode = READ, "break off"
        w.download()
        kept = {path.name: path.stat().st_size for path in (w.there.root / "tmp").iterdir()}
        assert any(kept.values())
        assert all(name.endswith(".part") for name in kept)
        w.faults.mode = ""
        assert w.download().complete
        assert list((w.there.root / "tmp").iterdir()) == []


def test_two_that_download_the_same_do_not_disturb_each_other() -> None:
    with world("folder", [200_000] * 3) as w:
        assert w.upload().complete
        w.faults.on, w.faults.mode = READ, "slow"
        results = []
        threads = [
            threading.Thread(target=lambda: results.append(w.download(30.0))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [one.complete for one in results] == [True] * 4
        assert not w.wrong_here()
        assert list((w.there.root / "tmp").iterdir()) == []


@pytest.mark.parametrize("on", [LOOK, WRITE, READ])
def test_ctrl_c_ends_a_transfer_that_hangs(w: World, on: str) -> None:
    """Nothing is returned then, so nothing is claimed."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has none
    move = w.upload
    if on == READ:
        assert w.upload().complete
        move = w.download  # type: ignore[assignment]
    w.faults.on, w.faults.mode = on, "hang"
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        move(60.0)
    timer.join()
    w.faults.mode = ""
    w.faults.over.set()
    assert w.upload().complete
    assert w.download().complete


def test_big_ones_go_first(w: World) -> None:
    done = w.upload(workers=1)
    assert [one.size for one in done.sent] == sorted((one.size for one in w.wanted), reverse=True)


class Plain:
    """A remote that gives whole objects only, and that spoils those of odd size."""

    name = "plain"
    url = "plain://here"

    def __init__(self, w: World) -> None:
        self._w = w
        self.verify, self.put = w.remote.verify, w.remote.put
        self.has, self.sizes = w.remote.has, w.remote.sizes

    def get(self, sha256: str, target: BinaryIO) -> None:
        data = next(self._w.stored(one) for one in self._w.wanted if one.sha256 == sha256) or b""
        target.write(b"x" * len(data) if len(data) % 2 else data)


def test_a_remote_that_gives_whole_objects_only_is_not_believed_either(w: World) -> None:
    assert w.upload().complete
    got = download(w.wanted, [Plain(w)], w.there)
    assert got.missing == [one for one in w.wanted if one.size % 2]
    assert {bad.wanted for bad in got.damaged} == set(got.missing)
    assert len(got.fetched) == len(w.wanted) - len(got.missing)
    assert not w.wrong_here()
    assert list((w.there.root / "tmp").iterdir()) == []
