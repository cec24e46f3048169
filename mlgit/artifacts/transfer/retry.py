"""Asking again: a few times, with pauses that grow and differ, until a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count
from queue import Empty, SimpleQueue
from typing import TypeVar, cast

from mlgit.errors import RemoteFailed
from mlgit.times import random_bytes

ATTEMPTS = 6
_FIRST_PAUSE = 0.25  # seconds; doubled each time: eight seconds in all
T = TypeVar("T")


def patiently(
    call: Callable[[], T], timeout: float, wait: Callable[[float], object] = time.sleep
) -> T:
    """What `call` returns, in one of several attempts when it raises `RemoteFailed`.

    No attempt begins later than `timeout` seconds after the first.

    Raises:
        RemoteFailed: The last attempt failed, too.
        Whatever else `call` raises, at once.
    """
    end = time.monotonic() + timeout
    for attempt in count(1):
        try:
            return call()
        except RemoteFailed:
            pause = _pause(attempt)
            if attempt == ATTEMPTS or time.monotonic() + pause > end:
                raise
        wait(pause)
    raise AssertionError("the loop above ends by itself")


def bounded(call: Callable[[], T], seconds: float) -> T:
    """What `call` returns, made in a thread of its own: Ctrl-C reaches who waits for it.

    Raises:
        RemoteFailed: It took longer than that; the thread is lost.
        Whatever else `call` raises.
    """
    answer: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put((call(), None))
        except BaseException as error:
            answer.put((None, error))

    threading.Thread(target=ask, name="mlgit-transfer", daemon=True).start()
    try:
        found, error = answer.get(timeout=seconds)
    except Empty:
        raise RemoteFailed(f"no answer for {seconds:.0f} s", "try again later") from None
    if error is not None:
        raise error
    return cast("T", found)


def _pause(attempt: int) -> float:
    """Seconds; no two clients that failed together come back together."""
    return _FIRST_PAUSE * 2.0 ** (attempt - 1) * (0.5 + random_bytes(1)[0] / 256)
