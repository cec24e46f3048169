"""Asking again: a few times, with pauses that grow and differ, until a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

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


def _pause(attempt: int) -> float:
    """Seconds; no two clients that failed together come back together."""
    return _FIRST_PAUSE * 2.0 ** (attempt - 1) * (0.5 + random_bytes(1)[0] / 256)
