"""The kernel says whether the process that locked a file is gone."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from mlgit.git import holder
from mlgit.git.holder import (
    age_seconds,
    claim_dead,
    describe_process,
    hold_new,
    release,
    try_lock,
)


def note(path: Path, text: str) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    os.write(fd, text.encode())
    return fd


def test_a_file_is_claimed_only_when_its_process_let_go(tmp_path: Path) -> None:
    path = tmp_path / "intent"
    fd = note(path, describe_process())
    assert try_lock(fd)
    assert claim_dead(path) is None
    release(fd)
    claimed = claim_dead(path)
    assert claimed is not None
    assert claim_dead(path) is None
    release(claimed)
    assert claim_dead(tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("text", "claimable"),
    [
        ("", True),
        (f"{holder.host()} another-boot 1", True),
        (f"another-host {holder.boot_id()} 1", True),
        ("another-host another-boot 1", False),
        ("another-host - 1", False),
    ],
)
def test_only_files_of_this_machine_are_claimed(tmp_path: Path, text: str, claimable: bool) -> None:
    os.close(note(tmp_path / "intent", text))
    claimed = claim_dead(tmp_path / "intent")
    assert (claimed is not None) is claimable
    if claimed is not None:
        release(claimed)


def test_a_forked_child_does_not_keep_the_lock_of_a_dead_parent(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    ready, go = os.pipe()
    parent = os.fork()
    if parent == 0:
        try:
            assert try_lock(note(path, describe_process()))
            if os.fork() == 0:
                os.write(go, b"%d\n" % os.getpid())
            signal.pause()
        finally:
            os._exit(1)
    child = int(os.read(ready, 20))
    try:
        assert claim_dead(path) is None
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        os.kill(child, 0)
        claimed = claim_dead(path)
        assert claimed is not None
        release(claimed)
    finally:
        os.kill(child, signal.SIGKILL)
        os.close(ready)
        os.close(go)


def test_a_process_is_described_by_machine_boot_and_number() -> None:
    assert describe_process().split() == [holder.host(), holder.boot_id(), str(os.getpid())]


def test_the_age_of_a_file_that_is_gone_is_nothing(tmp_path: Path) -> None:
    assert age_seconds(tmp_path / "gone") == 0
    (tmp_path / "old").write_text("")
    os.utime(tmp_path / "old", (0, 0))
    assert age_seconds(tmp_path / "old") > 1e9


def test_a_new_file_is_held_though_others_look_for_dead_ones(tmp_path: Path) -> None:
    path, over = tmp_path / "intent", threading.Event()

    def look() -> None:
        while not over.is_set():
            fd = claim_dead(path)
            if fd is not None:
                path.unlink()
                release(fd)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(300):
            fd = hold_new(path)
            assert os.path.samestat(os.fstat(fd), path.stat())
            path.unlink()
            release(fd)
    finally:
        over.set()
        thread.join()


def test_a_file_that_stays_held_is_named(tmp_path: Path) -> None:
    fd = hold_new(tmp_path / "intent")
    with pytest.raises(BlockingIOError, match="in use"):
        hold_new(tmp_path / "intent", timeout=0.01)
    release(fd)
