"""A run on a disk that really is full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.errors import InvalidState, StorageFailed
from mlgit.records.metrics import Point
from mlgit.records.run import RunStatus
from mlgit.runs import begin, capture
from mlgit.runs.begin import RunRequest
from mlgit.runs.recover import recover
from mlgit.store.store import Store
from tests.runs.helpers import published
from tests.support.repos import make_repo


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store on a file system of 4 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]).returncode:
        pytest.skip("this machine does not allow mounts")
    try:
        path = make_repo(place / "project")
        monkeypatch.chdir(path)
        capture.forget()
        Store.init(path)
        with Store.open(path) as store:
            yield store
    finally:
        monkeypatch.chdir(tmp_path)
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(store: Store) -> Path:
    """Leave no room at all."""
    filler = store.state.parent.parent.parent / "filler"
    free = os.statvfs(store.state)
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize))
    return filler


@pytest.mark.filterwarnings("ignore:mlgit cannot write")
def test_nothing_is_lost_when_room_is_made_before_the_end(small: Store) -> None:
    active = begin.start(small, "churn")
    for step in range(100):
        active.log_metric("m", step, step)
    filler = fill(small)
    for step in range(100, 20_000):
        active.log_metric("m", step, step)
    active.set_tags({"late": 1})
    assert active.unsafe_points > 0
    assert active.view().run.metrics["m"].points == 20_000
    filler.unlink()
    assert active.finish() is not None
    run = published(small, active.id)[1]
    assert (run.metrics["m"].points, run.tags["late"]) == (20_000, "1")
    assert "mlgit.lost_points" not in run.tags


@pytest.mark.filterwarnings("ignore:mlgit cannot write")
def test_a_run_that_ended_on_a_full_disk_is_published_when_there_is_room(small: Store) -> None:
    active = begin.start(small, "churn")
    for step in range(100):
        active.log_metric("m", step, step)
    filler = fill(small)
    for step in range(100, 20_000):
        active.log_metric("m", step, step)
    with pytest.warns(UserWarning, match="points are not safe"):
        assert active.finish() is None
    assert active.failure is not None
    with pytest.raises(InvalidState):
        active.log_metric("m", 1.0)
    assert all(done.problem for done in recover(small))
    filler.unlink()
    deadline = time.monotonic() + 30
    while not recover(small) and time.monotonic() < deadline:
        time.sleep(0.1)
    run = published(small, active.id)[1]
    assert (run.status, run.metrics["m"].points) == (RunStatus.FINISHED, 20_000)


LOOP = """
from mlgit.runs import begin
from mlgit.store.store import Store
active = begin.start(Store.open(), "churn")
for step in range(100):
    active.log_metric("m", step, step)
print(active.id)
input()
for step in range(100, 20_000):
    active.log_metric("m", step, step)
active.finish()
print("went on")
"""


def test_what_was_safe_survives_a_process_that_ended_on_a_full_disk(small: Store) -> None:
    child = subprocess.Popen(
        [sys.executable, "-u", "-W", "ignore", "-c", LOOP],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    run_id = child.stdout.readline().strip()
    filler = fill(small)
    assert child.communicate("go\n")[0] == "went on\n"
    assert all(done.problem for done in recover(small))
    filler.unlink()
    [done] = recover(small)
    assert done.problem is None
    run = published(small, run_id)[1]
    assert run.metrics["m"].points >= 100
    assert run.status is RunStatus.FAILED


def test_strict_tells_at_once(small: Store) -> None:
    active = begin.start(small, "churn", RunRequest(strict=True))
    filler = fill(small)
    points = [Point(step, 0, "m", 1.0) for step in range(20_000)]
    with pytest.raises(StorageFailed, match="cannot write"):
        active.log_points(points)
    filler.unlink()
    assert active.finish() is not None
