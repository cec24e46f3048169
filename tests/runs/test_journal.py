from __future__ import annotations

import errno
import os
import resource
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgit.errors import InvalidState, InvalidValue, StorageFailed
from mlgit.runs import journal_file as module
from mlgit.runs.file_lock import try_lock
from mlgit.runs.frames import ROW
from mlgit.runs.journal import Journal
from mlgit.runs.journal_read import JournalContent, follow, parse, read_journal
from mlgit.runs.journal_records import HELPER
from tests.runs.helpers import WRITER, journal_file
from tests.support.forking import in_child


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(journal_file(tmp_path / "live"))
    yield opened
    opened.file.close()


def values(content: JournalContent) -> list[tuple[str, int, float]]:
    return [(content.series[n][0], step, value) for n, step, _, value in content.points]


def test_what_was_written_is_read_back_in_order(journal: Journal) -> None:
    journal.append_point("loss", 0, 10, 0.5)
    journal.append_event({"do": "params", "values": {"lr": "0.1"}, "at": 11})
    journal.append_points([("loss", 1, 20, 0.25), (("acc", "m-1", "iris", "d1"), 1, 20, 1.0)])
    content = read_journal(journal.file.path)
    assert values(content) == [("loss", 0, 0.5), ("loss", 1, 0.25), ("acc", 1, 1.0)]
    assert content.series[1] == ("acc", "m-1", "iris", "d1")
    assert [(event.position, event.fields["values"]) for event in content.events] == [
        (1, {"lr": "0.1"})
    ]
    assert content.header == journal.file.header
    assert content.damage() == ""


def test_it_is_private_and_named_after_its_writer(journal: Journal) -> None:
    journal.append_point("loss", 0, 10, 0.5)
    assert journal.file.path.name == f"{WRITER}.journal"
    assert journal.file.path.stat().st_mode & 0o777 == 0o600


def test_files_travel_with_the_event_that_names_them(journal: Journal) -> None:
    journal.append_event(
        {"do": "start", "at": 1}, {"code.patch": b"+x\n", "käse": bytes(range(256))}
    )
    content = read_journal(journal.file.path)
    assert content.files == {"code.patch": b"+x\n", "käse": bytes(range(256))}


def test_text_of_any_kind_survives(journal: Journal) -> None:
    text = "a\nMJ1\0 \ud800 ☃"
    journal.append_event({"do": "tags", "values": {"t": text}, "at": 1})
    assert read_journal(journal.file.path).events[0].fields["values"]["t"] == text


def test_a_step_that_does_not_fit_is_the_callers_fault(journal: Journal) -> None:
    with pytest.raises(InvalidValue, match="64 bits"):
        journal.append_point("loss", 2**63, 0, 0.5)
    with pytest.raises(InvalidValue, match="64 bits"):
        journal.append_points([("loss", 1, 0, 0.5), ("loss", 2**70, 0, 0.5)])
    journal.append_point("loss", 1, 0, 0.5)
    assert len(read_journal(journal.file.path).points) == 1


def test_a_closed_journal_takes_nothing_more(journal: Journal) -> None:
    journal.append_point("loss", 0, 0, 0.5)
    journal.file.close()
    journal.file.close()
    with pytest.raises(InvalidState):
        journal.append_point("loss", 1, 0, 0.5)
    assert len(read_journal(journal.file.path).points) == 1


def test_threads_lose_nothing(journal: Journal) -> None:
    def work(name: str) -> None:
        for step in range(500):
            journal.append_point(name, step, 0, 1.0)

    threads = [threading.Thread(target=work, args=(f"k{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = read_journal(journal.file.path)
    assert sorted(values(content)) == sorted(
        (f"k{n}", s, 1.0) for n in range(8) for s in range(500)
    )


def test_its_last_word_is_that_it_is_closed_also_when_that_comes_late(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append_point("loss", 0, 0, 0.5)

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as full:
        full.setattr(module, "_write", refuse)
        journal.file.close()
        assert read_journal(journal.file.path).events == []
        with pytest.raises(InvalidState):
            journal.append_point("loss", 1, 0, 0.5)
    journal.file.tick()
    assert [event.fields["do"] for event in read_journal(journal.file.path).events] == ["close"]


@pytest.mark.filterwarnings("error")
def test_a_signal_handler_may_log_in_the_midst_of_logging(journal: Journal) -> None:
    seen = 0

    def handler(*_: object) -> None:
        nonlocal seen
        journal.append_point(f"signal{seen % 7}", seen, 0, 1.0)
        seen += 1

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        for step in range(20_000):
            journal.append_point(f"k{step % 50}", step, 0, 1.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    content = read_journal(journal.file.path)
    assert seen > 0
    assert len(content.points) == 20_000 + seen
    named = {(name, step) for name, step, _ in values(content)}
    assert {(f"k{step % 50}", step) for step in range(20_000)} <= named


# ---- damage --------------------------------------------------------------------------------------


def written(folder: Path, count: int = 6) -> bytes:
    journal = Journal(journal_file(folder))
    for number in range(count):
        journal.append_point(f"key{number % 2}", number, 0, number + 1.5)
    journal.append_event({"do": "tags", "values": {"a": "b"}, "at": 1})
    journal.append_points([("key0", 100 + n, 0, 1.0) for n in range(3)])
    journal.file.close()
    return journal.file.path.read_bytes()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[int]]:
    """The bytes of a journal, and where its records end."""
    whole = written(tmp_path_factory.mktemp("sample"))
    return whole, [end for end in range(len(whole) + 1) if not parse(whole[:end]).gaps]


@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_byte_costs_at_most_one_record(
    sample: tuple[bytes, list[int]], data: st.DataObject
) -> None:
    whole, ends = sample
    at = data.draw(st.integers(0, len(whole) - 1))
    torn = bytearray(whole)
    torn[at] ^= data.draw(st.integers(1, 255))
    start = max(end for end in ends if end <= at)
    end = min(end for end in ends if end > at)
    hit = parse(whole[start:end])
    before, after = parse(whole), parse(bytes(torn))
    assert after.header == before.header
    assert after.series == before.series
    assert list(after.points) == [p for p in before.points if p not in list(hit.points)]
    assert len(after.events) == len(before.events) - len(hit.events)
    assert after.damage() != ""


@settings(deadline=None)
@given(data=st.data())
def test_what_precedes_a_torn_or_zeroed_tail_is_kept(
    sample: tuple[bytes, list[int]], data: st.DataObject
) -> None:
    whole, ends = sample
    kept = data.draw(st.integers(0, len(whole)))
    tail = data.draw(st.sampled_from([b"", bytes(len(whole) - kept), b"\xff" * 100]))
    sound = parse(whole[: max(end for end in ends if end <= kept)])
    content = parse(whole[:kept] + tail)
    assert list(content.points) == list(sound.points)
    assert content.events == sound.events
    assert content.series == sound.series
    assert content.end == kept + len(tail)


def test_records_after_garbage_are_found_again(tmp_path: Path) -> None:
    whole = written(tmp_path / "a")
    content = parse(whole[:-30] + b"\nMJ1\xff\xff" + whole)
    assert list(content.points)[-9:] == list(parse(whole).points)


def test_following_a_journal_waits_for_the_rest_of_a_record(tmp_path: Path) -> None:
    whole = written(tmp_path / "a")
    path, content = tmp_path / "b", JournalContent()
    for end in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:end])
        follow(path, content)
    path.write_bytes(whole)
    follow(path, content)
    assert list(content.points) == list(parse(whole).points)
    assert content.events == parse(whole).events
    assert content.damage() == ""


@pytest.mark.parametrize("damaged", [None, 0, 600, 3_000, 4_999])
def test_bulk_reading_agrees_with_reading_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: int | None
) -> None:
    journal = Journal(journal_file(tmp_path / "live"))
    for number in range(5_000):
        journal.append_point("k", number, number, number / 7)
    data = bytearray(journal.file.read())
    journal.file.close()
    if damaged is not None:
        data[len(data) - 40 * (5_000 - damaged) + 20] ^= 4
    pytest.importorskip("numpy")
    quick = list(parse(bytes(data)).points)
    monkeypatch.setattr("mlgit.runs.raw_points._quick", lambda *_: False)
    assert list(parse(bytes(data)).points) == quick
    assert len(quick) == 5_000 - (damaged is not None)
    assert ROW.size == 28


# ---- a disk that refuses -------------------------------------------------------------------------


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_logging_goes_on_when_the_disk_refuses_and_nothing_is_lost(journal: Journal) -> None:
    journal.append_point("loss", 0, 0, 0.5)
    with file_size_limit(journal.file.size() + 60), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for step in range(1, 500):
            journal.append_point("loss", step, 0, 0.5)
        assert journal.file.backlog.points > 400
        held = parse(journal.file.read())
    assert len([w for w in said if "not safe yet" in str(w.message)]) == 1
    assert [step for _, step, _, _ in held.points] == list(range(500))
    journal.file.close()
    content = read_journal(journal.file.path)
    assert [step for _, step, _, _ in content.points] == list(range(500))


def test_a_journal_that_cannot_be_created_is_created_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.0)
    (tmp_path / "live").write_text("in the way")
    journal = Journal(journal_file(tmp_path / "live"))
    with pytest.warns(UserWarning, match="not safe yet"):
        journal.append_point("loss", 0, 0, 0.5)
    assert parse(journal.file.read()).header is not None
    (tmp_path / "live").unlink()
    journal.append_point("loss", 1, 0, 0.5)
    journal.file.close()
    content = read_journal(journal.file.path)
    assert values(content) == [("loss", 0, 0.5), ("loss", 1, 0.5)]


def test_points_beyond_memory_are_counted_oldest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "live").write_text("in the way")
    journal = Journal(journal_file(tmp_path / "live"))
    monkeypatch.setattr(journal.file.backlog, "_max_points", 100)
    with pytest.warns(UserWarning, match="not safe yet"):
        journal.append_point("loss", 0, 0, 0.5)
    for step in range(1, 250):
        journal.append_point("loss", step, 0, 0.5)
    (tmp_path / "live").unlink()
    journal.file.close()
    content = read_journal(journal.file.path)
    assert [step for _, step, _, _ in content.points] == list(range(150, 250))
    assert [event.fields.get("points") for event in content.events] == [150, None]


def test_strict_raises_and_keeps_the_record_for_a_retry(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("in the way")
    journal = Journal(journal_file(tmp_path / "live", strict=True))
    with pytest.raises(StorageFailed, match="cannot write"):
        journal.append_event({"do": "start", "at": 0})
    (tmp_path / "live").unlink()
    journal.file.close()
    said = [event.fields["do"] for event in read_journal(journal.file.path).events]
    assert said == ["start", "close"]


@pytest.mark.filterwarnings("ignore:mlgit cannot write")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("part", [0, 1, 20])
def test_a_write_that_fails_in_the_midst_is_written_whole_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, code: int, part: int
) -> None:
    journal.append_point("loss", 0, 0, 0.5)
    calls = 0

    def refuse(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls % 2:
            if part:
                return os.write(descriptor, data[:part])
            raise OSError(code, os.strerror(code))
        return os.write(descriptor, data)

    monkeypatch.setattr(module, "_write", refuse)
    for step in range(1, 50):
        journal.append_point("loss", step, 0, 0.5)
    journal.file.close()
    content = read_journal(journal.file.path)
    assert [step for _, step, _, _ in content.points] == list(range(50))


# ---- the background thread, forks ----------------------------------------------------------------


def test_what_was_written_is_made_durable_within_a_second(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = threading.Event()
    monkeypatch.setattr(module, "_fdatasync", lambda _: synced.set())
    journal.append_point("loss", 0, 0, 0.5)
    assert synced.wait(10)


def test_a_sync_that_fails_is_told_once(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "no luck")

    monkeypatch.setattr(module, "_fdatasync", fail)
    journal.append_point("loss", 0, 0, 0.5)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        journal.file.tick()
        journal.append_point("loss", 1, 0, 0.5)
        journal.file.tick()
    assert len([w for w in said if "durable" in str(w.message)]) <= 1


def test_a_sync_under_way_does_not_keep_a_closed_journal_locked(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing, go_on = threading.Event(), threading.Event()

    def slow(_: int) -> None:
        syncing.set()
        go_on.wait(10)

    monkeypatch.setattr(module, "_fdatasync", slow)
    journal.append_point("loss", 0, 0, 0.5)
    assert syncing.wait(10)
    journal.file.close()
    with journal.file.path.open("rb+") as again:
        assert try_lock(again.fileno()) is True
    go_on.set()


def test_a_forked_child_writes_its_own_journal(journal: Journal, tmp_path: Path) -> None:
    journal.append_point("loss", 0, 0, 0.5)

    def child() -> None:
        journal.append_point("loss", 1, 0, 0.25)
        journal.append_point("other", 1, 0, 0.25)

    assert in_child(child) == 0
    journal.append_point("loss", 2, 0, 0.125)
    paths = sorted((tmp_path / "live").iterdir())
    assert len(paths) == 2
    assert values(read_journal(journal.file.path)) == [("loss", 0, 0.5), ("loss", 2, 0.125)]
    paths.remove(journal.file.path)
    theirs = read_journal(paths[0])
    assert values(theirs) == [("loss", 1, 0.25), ("other", 1, 0.25)]
    assert theirs.header is not None
    assert theirs.header.role == HELPER
    assert theirs.header.process.pid != os.getpid()


def test_a_child_that_only_exits_leaves_the_parents_journal_locked(journal: Journal) -> None:
    from mlgit.runs.file_lock import try_lock

    journal.append_point("loss", 0, 0, 0.5)
    assert in_child(lambda: journal.file.close()) == 0
    descriptor = os.open(journal.file.path, os.O_RDWR)
    try:
        assert try_lock(descriptor) is False
    finally:
        os.close(descriptor)


def test_a_child_does_not_wait_for_a_lock_that_a_thread_of_the_parent_held(
    journal: Journal,
) -> None:
    journal.append_point("loss", 0, 0, 0.5)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with journal.file.lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        assert in_child(lambda: journal.append_point("loss", 1, 0, 0.5)) == 0
    finally:
        done.set()
        thread.join()


def test_the_backlog_of_the_parent_stays_with_the_parent(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("in the way")
    journal = Journal(journal_file(tmp_path / "live"))
    with pytest.warns(UserWarning, match="not safe yet"):
        journal.append_point("loss", 0, 0, 0.5)
    (tmp_path / "live").unlink()

    def child() -> None:
        journal.append_point("loss", 1, 0, 0.5)
        journal.file.close()

    assert in_child(child) == 0
    [theirs] = (tmp_path / "live").iterdir()
    assert [step for _, step, _, _ in read_journal(theirs).points] == [1]
    journal.file.close()
    assert [step for _, step, _, _ in read_journal(journal.file.path).points] == [0]
