"""Threads that work through many objects, big ones first, while their caller stays in charge.

The caller's own thread only waits, so Ctrl-C reaches it at once and progress is told there. The
threads are daemons: one that hangs in a dead connection keeps no process from ending.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from mlgit.artifacts.transfer.retry import patiently
from mlgit.artifacts.transfer.values import Failure, Moved, Pack, Progress, Wanted, objects_of
from mlgit.errors import Damaged, InvalidState, MlgitError, NotFound, RemoteFailed

TIMEOUT = 300.0  # seconds
_MANY, _SOME, _FEW = 16, 6, 4  # threads for small files, which wait for answers, and for big ones
_HELD, _BIG = 2 << 20, 32 << 20  # bytes of the mean object, which a thread may hold
_TICK = 0.1  # seconds
_SLOWEST = 100_000  # bytes a second; a backend that tells no progress may be as slow
_OF_ONE = (NotFound, Damaged, InvalidState)  # says nothing of the other objects
_IN_A_ROW = 3  # objects given up with no success between: the place is out of order
Item = TypeVar("Item", bound="Wanted | Pack")


class Stopped(Exception):
    """The transfer is over, or this object was given up: its thread goes home."""


class Pulse:
    """How far one item is: told by its thread, read by the caller's."""

    def __init__(self, size: int, over: threading.Event) -> None:
        self.size = size
        self.position = 0
        self.dropped = False
        self._over = over
        self._seen = time.monotonic()

    def at(self, position: int) -> None:
        """So many bytes are done.

        Raises:
            Stopped: Nobody waits for them any more.
        """
        self.position = position
        self._seen = time.monotonic()
        if self.dropped or self._over.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Sleep, unless the transfer is over; raises as `at`."""
        self._over.wait(seconds)
        self.at(0)

    def is_silent(self, timeout: float) -> bool:
        """Whether it has told nothing for longer than sending or checking it may take."""
        under_way = 0 < self.position < self.size
        most = timeout if under_way else timeout + self.size / _SLOWEST
        return time.monotonic() - self._seen > most


class Crew(Generic[Item]):
    """Does one job for each of many objects, or packs of them; used once.

    Args:
        job: Moves one item, in a thread of the crew; called again when it raises RemoteFailed.
        workers: Number of threads; chosen by number and size of the items when None.
        timeout: Seconds of silence before an item is given up, and of trying it again.
    """

    def __init__(
        self, job: Callable[[Item, Pulse], None], workers: int | None, timeout: float
    ) -> None:
        self._job, self._workers, self._timeout = job, workers, timeout
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._waiting: deque[Item] = deque()
        self._running: dict[Pulse, Item] = {}
        self._results: SimpleQueue[tuple[Pulse, BaseException | None]] = SimpleQueue()
        self._done: list[Wanted] = []
        self._failed: list[Failure] = []
        self._in_a_row = 0
        self._finished = 0  # bytes
        self._told = 0.0

    def work(
        self, items: Sequence[Item], progress: Progress | None
    ) -> tuple[list[Wanted], list[Failure]]:
        """The objects whose job returned, and those whose job failed.

        When several in a row fail because the place does not answer or refuses, the rest is not
        tried and fails with the same error.
        """
        self._waiting.extend(sorted(items, key=lambda one: -one.size))
        total = sum(one.size for one in items)
        count = sum(len(objects_of(one)) for one in items)
        try:
            for _ in range(min(self._workers or _sensible(items), len(items))):
                self._hire()
            while len(self._done) + len(self._failed) < count:
                self._collect()
                self._drop_silent()
                if progress is not None and self._is_time():
                    progress(self._moved(total, count))
        finally:
            self._over.set()
        if progress is not None:
            progress(self._moved(total, count))
        return self._done, self._failed

    def _hire(self) -> None:
        threading.Thread(target=self._labour, name="mlgit-transfer", daemon=True).start()

    def _labour(self) -> None:
        with suppress(IndexError, Stopped):
            while not self._over.is_set():
                item, pulse = self._next()
                error = self._attempt(item, pulse)
                self._judge(error)
                self._results.put((pulse, error))

    def _next(self) -> tuple[Item, Pulse]:
        with self._lock:
            item = self._waiting.popleft()
            pulse = Pulse(item.size, self._over)
            self._running[pulse] = item
            return item, pulse

    def _attempt(self, item: Item, pulse: Pulse) -> BaseException | None:
        try:
            patiently(lambda: self._job(item, pulse), self._timeout, pulse.wait)
        except Stopped:
            raise
        except BaseException as error:
            return error
        return None

    def _collect(self) -> None:
        """Take in what is finished; wait a moment when nothing is."""
        with suppress(Empty):
            pulse, error = self._results.get(timeout=_TICK)
            while True:
                if not pulse.dropped:
                    self._finish(pulse, error)
                pulse, error = self._results.get_nowait()

    def _finish(self, pulse: Pulse, error: BaseException | None) -> None:
        with self._lock:
            item = self._running.pop(pulse)
        if error is None:
            self._done.extend(objects_of(item))
            self._finished += item.size
        elif isinstance(error, MlgitError):
            self._failed.extend(Failure(one, error) for one in objects_of(item))
        else:
            raise error

    def _judge(self, error: BaseException | None) -> None:
        """Close when several in a row fail; at once, for the threads are faster than the caller."""
        with self._lock:
            alone = error is None or isinstance(error, _OF_ONE)
            self._in_a_row = 0 if alone else self._in_a_row + 1
            if self._in_a_row >= _IN_A_ROW and isinstance(error, MlgitError):
                left = [one for item in self._waiting for one in objects_of(item)]
                self._failed.extend(Failure(one, error) for one in left)
                self._waiting.clear()

    def _drop_silent(self) -> None:
        """Give up what hangs; its thread is lost, another takes its place."""
        with self._lock:
            silent = [pulse for pulse in self._running if pulse.is_silent(self._timeout)]
        for pulse in silent:
            pulse.dropped = True
            error = RemoteFailed(f"no answer for {self._timeout:.0f} s", "try again later")
            self._judge(error)
            self._finish(pulse, error)
            self._hire()

    def _moved(self, total: int, count: int) -> Moved:
        with self._lock:
            under_way = sum(min(pulse.position, pulse.size) for pulse in self._running)
        objects = len(self._done) + len(self._failed)
        return Moved(self._finished + under_way, total, objects, count)

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._told < _TICK:
            return False
        self._told = now
        return True


def _sensible(items: Sequence[Wanted | Pack]) -> int:
    mean = sum(one.size for one in items) / max(len(items), 1)
    return _FEW if mean >= _BIG else _SOME if mean >= _HELD else _MANY
