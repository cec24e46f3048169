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

from mlgit.artifacts.transfer.retry import patiently
from mlgit.artifacts.transfer.values import Failure, Moved, Progress, Wanted
from mlgit.errors import Damaged, InvalidState, MlgitError, NotFound, RemoteFailed

TIMEOUT = 300.0  # seconds
_MANY, _FEW = 16, 4  # threads for small files, which wait for answers, and for big ones
_BIG = 32 << 20  # bytes of the mean object
_TICK = 0.1  # seconds
_SLOWEST = 100_000  # bytes a second; a backend that tells no progress may be as slow
_OF_ONE = (NotFound, Damaged, InvalidState)  # says nothing of the other objects
_IN_A_ROW = 3  # objects given up with no success between: the place is out of order


class Stopped(Exception):
    """The transfer is over, or this object was given up: its thread goes home."""


class Pulse:
    """How far one object is: told by its thread, read by the caller's."""

    def __init__(self, wanted: Wanted, over: threading.Event) -> None:
        self.wanted = wanted
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
        under_way = 0 < self.position < self.wanted.size
        most = timeout if under_way else timeout + self.wanted.size / _SLOWEST
        return time.monotonic() - self._seen > most


class Crew:
    """Does one job for each of many objects; used once.

    Args:
        job: Moves one object, in a thread of the crew; called again when it raises RemoteFailed.
        workers: Number of threads; chosen by number and size of the objects when None.
        timeout: Seconds of silence before an object is given up, and of trying it again.
    """

    def __init__(
        self, job: Callable[[Wanted, Pulse], None], workers: int | None, timeout: float
    ) -> None:
        self._job, self._workers, self._timeout = job, workers, timeout
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._waiting: deque[Wanted] = deque()
        self._running: set[Pulse] = set()
        self._results: SimpleQueue[tuple[Pulse, BaseException | None]] = SimpleQueue()
        self._done: list[Wanted] = []
        self._failed: list[Failure] = []
        self._in_a_row = 0
        self._finished = 0  # bytes
        self._told = 0.0

    def work(
        self, wanted: Sequence[Wanted], progress: Progress | None
    ) -> tuple[list[Wanted], list[Failure]]:
        """Those whose job returned, and those whose job failed.

        When several in a row fail because the place does not answer or refuses, the rest is not
        tried and fails with the same error.
        """
        self._waiting.extend(sorted(wanted, key=lambda one: -one.size))
        total = sum(one.size for one in wanted)
        try:
            for _ in range(min(self._workers or _sensible(wanted), len(wanted))):
                self._hire()
            while len(self._done) + len(self._failed) < len(wanted):
                self._collect()
                self._drop_silent()
                if progress is not None and self._is_time():
                    progress(self._moved(total, len(wanted)))
        finally:
            self._over.set()
        if progress is not None:
            progress(self._moved(total, len(wanted)))
        return self._done, self._failed

    def _hire(self) -> None:
        threading.Thread(target=self._labour, name="mlgit-transfer", daemon=True).start()

    def _labour(self) -> None:
        with suppress(IndexError, Stopped):
            while not self._over.is_set():
                pulse = self._next()
                error = self._attempt(pulse)
                self._judge(error)
                self._results.put((pulse, error))

    def _next(self) -> Pulse:
        with self._lock:
            pulse = Pulse(self._waiting.popleft(), self._over)
            self._running.add(pulse)
            return pulse

    def _attempt(self, pulse: Pulse) -> BaseException | None:
        try:
            patiently(lambda: self._job(pulse.wanted, pulse), self._timeout, pulse.wait)
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
            self._running.discard(pulse)
        if error is None:
            self._done.append(pulse.wanted)
            self._finished += pulse.wanted.size
        elif isinstance(error, MlgitError):
            self._failed.append(Failure(pulse.wanted, error))
        else:
            raise error

    def _judge(self, error: BaseException | None) -> None:
        """Close when several in a row fail; at once, for the threads are faster than the caller."""
        with self._lock:
            alone = error is None or isinstance(error, _OF_ONE)
            self._in_a_row = 0 if alone else self._in_a_row + 1
            if self._in_a_row >= _IN_A_ROW and isinstance(error, MlgitError):
                self._failed.extend(Failure(one, error) for one in self._waiting)
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
            under_way = sum(min(pulse.position, pulse.wanted.size) for pulse in self._running)
        objects = len(self._done) + len(self._failed)
        return Moved(self._finished + under_way, total, objects, count)

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._told < _TICK:
            return False
        self._told = now
        return True


def _sensible(wanted: Sequence[Wanted]) -> int:
    if not wanted:
        return 0
    return _FEW if sum(one.size for one in wanted) / len(wanted) >= _BIG else _MANY
