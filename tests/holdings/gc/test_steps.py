"""Putting aside, waiting, removing, bringing back; and what happens meanwhile."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.git.lock import writer_lock
from mlgit.holdings.gc.collect import Work, collect
from mlgit.holdings.gc.marks import Marks
from mlgit.holdings.gc.plan import DAY, Wish, plan
from mlgit.holdings.gc.shelf import Shelf
from mlgit.store.store import Store
from tests.holdings.gc.kit import AROUND, MONTH, aside, cache, clean, record, unnamed
from tests.support.oracle import make_store, mlgit
from tests.support.repos import git
from tests.support.sweep import KillPoint, sweep


def test_without_delete_nothing_changes(store: Store) -> None:
    digest = unnamed(store)
    found = clean(store, delete=False)
    assert [one.sha256 for one in found.plan.unnamed] == [digest]
    assert found.done is None
    assert cache(store).has(digest)


def test_what_is_young_stays(store: Store) -> None:
    digest = unnamed(store)
    assert [one.sha256 for one in clean(store, later=13 * DAY).plan.young] == [digest]
    wish = Wish(time.time(), older=0)
    found = plan(Shelf(cache(store).root), Marks(store, AROUND, wish.before), wish)
    assert [one.sha256 for one in found.young] == [digest]


def test_bytes_are_removed_a_week_after_they_were_put_aside(store: Store) -> None:
    digest = unnamed(store)
    clean(store)
    found = clean(store, later=MONTH + 6 * DAY)
    assert [one.sha256 for one in found.plan.waiting] == [digest]
    assert aside(store) == {digest}
    found = clean(store, later=MONTH + 9 * DAY)
    assert found.done is not None
    assert [one.sha256 for one in found.done.removed] == [digest]
    assert aside(store) == set()
    assert not (store.data / "objects" / "trash").exists()


def test_what_is_named_again_comes_back(store: Store) -> None:
    run_id, digest = record(store)
    tip = store.branch.tip()
    assert tip is not None
    place = store.repository.common_dir
    git(place, "update-ref", "-d", "refs/heads/mlgit", check=True)
    before = store.repository.objects.commit(tip).parents[0]
    git(place, "update-ref", "refs/heads/mlgit", before.decode(), check=True)
    shutil.rmtree(place / "logs", ignore_errors=True)
    shutil.rmtree(store.data / "published")
    clean(store)
    assert aside(store) == {digest}
    git(place, "update-ref", "refs/remotes/origin/mlgit", tip.decode(), check=True)
    found = clean(store, later=MONTH + 9 * DAY)
    assert found.done is not None
    assert [one.sha256 for one in found.done.back] == [digest]
    assert cache(store).verify(digest)
    assert run_id


def test_bytes_that_were_put_aside_are_taken_in_again(store: Store) -> None:
    data = os.urandom(150_000)
    digest, _ = cache(store).put_bytes(data)
    clean(store)
    assert record(store, data)[1] == digest
    assert cache(store).verify(digest)
    clean(store, later=MONTH + 9 * DAY)
    assert cache(store).verify(digest)
    assert aside(store) == set()


def _work(store: Store, look: Marks) -> Work:
    wish = Wish(time.time() + MONTH)
    alone = lambda: writer_lock(store.state)  # noqa: E731
    place = Shelf(cache(store).root)
    return Work(place, look, wish, look.look_again, alone, keeps_times=True)


def test_what_is_named_after_the_plan_stays(store: Store) -> None:
    data = os.urandom(150_000)
    digest, _ = cache(store).put_bytes(data)
    marks = Marks(store, AROUND, time.time())
    work = _work(store, marks)
    found = plan(work.place, marks, work.wish)
    record(store, data, finish=False)
    assert collect(work, found).aside == ()
    assert cache(store).has(digest)


def test_what_is_logged_again_after_the_last_look_stays(store: Store) -> None:
    data = os.urandom(150_000)
    digest, _ = cache(store).put_bytes(data)
    os.utime(cache(store).path(digest), (1_000_000_000, 1_000_000_000))
    marks = Marks(store, AROUND, time.time())
    work = _work(store, marks)
    found = plan(work.place, marks, work.wish)
    cache(store).put_bytes(data)  # no journal names it yet
    assert collect(work._replace(look=lambda: None), found).aside == ()
    assert cache(store).has(digest)


def test_what_is_named_while_it_is_put_aside_comes_back(store: Store) -> None:
    data = os.urandom(150_000)
    digest, _ = cache(store).put_bytes(data)
    marks = Marks(store, AROUND, time.time())
    work, looks = _work(store, marks), []

    def look() -> None:
        looks.append(1)
        if len(looks) > 1:  # a commit that came by a fetch, which takes no lock of ours
            folder = store.data / "published" / "1"
            folder.mkdir(parents=True)
            (folder / "note").write_text(digest)
            marks.look_again()

    found = plan(work.place, marks, work.wish)
    done = collect(work._replace(look=look), found)
    assert (done.aside, [one.sha256 for one in done.back]) == ((), [digest])
    assert cache(store).has(digest)


def test_writers_beside_a_clean_up_lose_nothing(store: Store) -> None:
    chunks = [os.urandom(120_000) for _ in range(4)]
    digests: list[str] = []

    def write() -> None:
        with Store.open(store.repository.work_tree) as own:
            digests.extend(record(own, chunks[turn % 4])[1] for turn in range(12))

    for one in chunks:
        cache(store).put_bytes(one)
    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        clean(store)
    writer.join()
    clean(store)
    assert len(digests) == 12
    assert all(cache(store).verify(digest) for digest in digests)


SAMPLES = [3, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(3600)])]
_GC = "from mlgit.cli.main import main; import sys; sys.exit(main(['gc', '--delete', '-q']))"


@pytest.mark.parametrize("sample", SAMPLES)
def test_killed_at_any_call_nothing_named_is_lost(tmp_path: Path, sample: int | None) -> None:
    place = make_store(tmp_path / "project")
    (place / "model.bin").write_bytes(os.urandom(150_000))
    mlgit(place, "log-run", "-q", "-a", "model.bin", "-m", "acc=1")
    objects = ObjectCache(place / ".git/mlgit/data/objects")
    named = {path.name for path in (objects.root / "sha256").rglob("*") if path.is_file()}
    lost = {objects.put_bytes(os.urandom(1000))[0] for _ in range(2)}
    old = ObjectCache(objects.root / "trash/2020-01-01")
    expired = old.put_bytes(b"long gone")[0]
    again = next(iter(named))
    old.path(again).parent.mkdir(parents=True)
    objects.path(again).rename(old.path(again))
    for path in (objects.root / "sha256").rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))

    def oracle(copy: Path, _: KillPoint) -> None:
        here = ObjectCache(copy / ".git/mlgit/data/objects")
        files = {path.name for path in here.root.rglob("*") if path.is_file()}
        assert named | lost <= files
        mlgit(copy, "gc", "--delete")
        assert all(here.verify(digest) for digest in named)
        assert not any(here.has(digest) for digest in lost)
        left = {path.name for path in (here.root / "trash").rglob("*") if path.is_file()}
        assert left == lost
        assert expired not in left

    assert sweep(place, [sys.executable, "-c", _GC], oracle, sample=sample)
