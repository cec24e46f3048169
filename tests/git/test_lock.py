"""One writer at a time, and none that has to be removed by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mlgit.errors import StorageFailed
from mlgit.git.lock import WriterLock, take_or_find, writer_lock

HOLD = """
import sys, time
from pathlib import Path
from mlgit.git.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def holder_of(state: Path) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", HOLD, str(state)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_lock_that_is_taken_is_waited_for_then_its_holder_is_named(tmp_path: Path) -> None:
    child = holder_of(tmp_path)
    with pytest.raises(StorageFailed) as caught, writer_lock(tmp_path, timeout=0.05):
        pass
    assert f"process {child.pid} " in caught.value.message
    child.kill()
    child.communicate()
    with writer_lock(tmp_path, timeout=5):
        pass


def test_a_stopped_holder_keeps_the_lock_and_a_killed_one_does_not(tmp_path: Path) -> None:
    child = holder_of(tmp_path)
    child.send_signal(signal.SIGSTOP)
    assert not WriterLock(tmp_path).try_take()
    child.kill()
    child.communicate()
    lock = WriterLock(tmp_path)
    assert lock.try_take()
    lock.release()


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    inside: list[int] = []
    together: list[bool] = []

    def work() -> None:
        for _ in range(20):
            with writer_lock(tmp_path):
                inside.append(1)
                together.append(len(inside) > 1)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(together) == 80
    assert not any(together)


def test_the_folder_is_made_when_it_is_missing(tmp_path: Path) -> None:
    with writer_lock(tmp_path / "new" / "state"):
        assert (tmp_path / "new/state/writer.lock").exists()


def test_what_is_found_while_waiting_ends_the_wait(tmp_path: Path) -> None:
    with writer_lock(tmp_path):
        assert take_or_find(WriterLock(tmp_path), lambda: "found", 5) == "found"
    free = WriterLock(tmp_path)
    assert take_or_find(free, lambda: "found", 5) is None
    free.release()


def test_a_lock_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "writer.lock").mkdir()
    with pytest.raises(StorageFailed) as caught, writer_lock(tmp_path):
        pass
    assert caught.value.facts["path"] == os.fspath(tmp_path / "writer.lock")
