"""The one lock of a clone that every writer takes; the kernel drops it when its holder dies."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from mlgit.errors import StorageFailed
from mlgit.git.files import BINARY, read_file, refusals, write_whole
from mlgit.git.holder import describe_process, release, try_lock
from mlgit.git.sharing import open_or_make

T = TypeVar("T")

DEFAULT_TIMEOUT = 120.0
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.02  # with 64 writers on two processors, looking more often is most of the work
_NOTE = 160  # bytes, so that a shorter note leaves nothing of a longer one


@contextmanager
def writer_lock(state_dir: Path, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
    """Hold the clone's writer lock. Not re-entrant: taking it twice in one thread times out.

    Raises:
        StorageFailed: It could not be had within `timeout` seconds; names the holder.
    """
    lock = WriterLock(state_dir)
    take_or_find(lock, lambda: None, timeout)
    try:
        yield
    finally:
        lock.release()


class WriterLock:
    """The lock of one clone, for those who do something else while they wait for it."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / "writer.lock"
        self._fd = -1

    def try_take(self) -> bool:
        """Take it if it is free.

        Raises:
            StorageFailed: The lock file cannot be opened.
        """
        with refusals(self.path, "open"):
            fd = self._opened()
            if not try_lock(fd):
                os.close(fd)
                return False
        self._fd = fd
        # The note makes the message of those who wait more helpful; on a full disk the lock is
        # as good without it.
        with suppress(OSError):
            os.lseek(fd, 0, os.SEEK_SET)
            write_whole(fd, f"{describe_process()}\n".encode().ljust(_NOTE))
        return True

    def release(self) -> None:
        """Give it back."""
        fd, self._fd = self._fd, -1
        release(fd)

    def busy(self, timeout: float) -> StorageFailed:
        """The error of a writer that waited in vain; names the holder."""
        try:
            words = read_file(self.path).decode("utf-8", "replace").split()
        except OSError:
            words = []
        who = f"process {words[2]} on {words[0]}" if len(words) >= 3 else "another process"
        return StorageFailed(
            f"{who} has been writing to this repository for more than {timeout:.0f} s",
            "wait for it or end it; the lock goes away with the process",
            path=os.fspath(self.path),
            holder=who,
        )

    def _opened(self) -> int:
        return open_or_make(self.path, os.O_RDWR | BINARY)


def take_or_find(lock: WriterLock, find: Callable[[], T | None], timeout: float) -> T | None:
    """Wait until the lock is taken (None), or `find` returns something (that).

    Raises:
        StorageFailed: Neither happened within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while not lock.try_take():
        found = find()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise lock.busy(timeout)
        time.sleep(pause)
        pause = min(pause * 1.2, _LONGEST_PAUSE)
    return None
