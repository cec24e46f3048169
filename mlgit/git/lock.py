"""The one lock of a clone that every writer takes; the kernel drops it when its holder dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlgit.errors import StorageFailed
from mlgit.git.files import refusals, write_whole
from mlgit.git.holder import describe_process, release, try_lock

DEFAULT_TIMEOUT = 120.0
_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.02


@contextmanager
def writer_lock(state_dir: Path, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
    """Hold the clone's writer lock. Not re-entrant: taking it twice in one thread times out.

    Raises:
        StorageFailed: It could not be had within `timeout` seconds; names the holder.
    """
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while True:
        fd = try_writer_lock(state_dir)
        if fd is not None:
            break
        if time.monotonic() > deadline:
            raise busy(state_dir, timeout)
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    try:
        yield
    finally:
        release(fd)


def try_writer_lock(state_dir: Path) -> int | None:
    """The open, locked lock file (give it to `holder.release`), or None when it is taken."""
    path = state_dir / "writer.lock"
    with refusals(path, "open"):
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            state_dir.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    if not try_lock(fd):
        os.close(fd)
        return None
    try:
        note = f"{describe_process()}\n".encode().ljust(160)
        os.lseek(fd, 0, os.SEEK_SET)
        write_whole(fd, note)
    except OSError:
        # The note only makes the message of those who wait more helpful; on a full disk the
        # lock is as good without it.
        pass
    return fd


def busy(state_dir: Path, timeout: float) -> StorageFailed:
    """The error of a writer that waited in vain; names the holder."""
    path = state_dir / "writer.lock"
    try:
        words = path.read_text("utf-8", "replace").split()
    except OSError:
        words = []
    who = f"process {words[2]} on {words[0]}" if len(words) >= 3 else "another process"
    return StorageFailed(
        f"{who} has been writing to this repository for more than {timeout:.0f} s",
        "wait for it or end it; the lock goes away with the process",
        path=os.fspath(path),
        holder=who,
    )
