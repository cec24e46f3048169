"""The one background thread of a process: makes journals durable, and retries what failed.

It is started with the first journal, ends with the last, and does not survive a fork (no thread
does); a child that logs starts its own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

PERIOD_SECONDS = 0.5  # half of the promised second, the sync itself may need the other half


class Watched(Protocol):
    """Something that wants to be called now and then."""

    def tick(self) -> None:
        """Do what is due; called about twice a second, never raises."""
        ...

    def forked(self) -> None:
        """This process is now a child that inherited the object."""
        ...


class _Ticker:
    def __init__(self) -> None:
        self.lock = threading.RLock()  # a signal handler of the main thread may log, too
        self.watched: dict[int, Watched] = {}
        self.thread: threading.Thread | None = None

    def add(self, watched: Watched) -> None:
        with self.lock:
            self.watched[id(watched)] = watched
            if self.thread is None:
                self.thread = _started(self._loop)

    def remove(self, watched: Watched) -> None:
        with self.lock:
            self.watched.pop(id(watched), None)

    def _loop(self) -> None:
        while True:
            time.sleep(PERIOD_SECONDS)
            with self.lock:
                due = list(self.watched.values())
                if not due:
                    self.thread = None
                    return
            for watched in due:
                watched.tick()


def _started(loop: Callable[[], None]) -> threading.Thread | None:
    thread = threading.Thread(target=loop, name="mlgit-sync", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no thread to be had (limit, shutdown): asked again by the next run
        return None
    return thread


_state = _Ticker()


def watch(watched: Watched) -> None:
    """Call `watched.tick` from now on."""
    _state.add(watched)


def unwatch(watched: Watched) -> None:
    """Stop calling `watched`; a call under way may still end after this returns."""
    _state.remove(watched)


def _after_fork_in_child() -> None:
    global _state
    inherited = _state.watched
    _state = _Ticker()
    _state.watched = inherited  # the thread comes with the first record of this process
    for watched in list(inherited.values()):
        watched.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
