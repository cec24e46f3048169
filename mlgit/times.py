"""The clock, random ids and human names: the three sources of chance, pinned as one in tests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

MAX_TIME_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last moment ISO 8601 can write


def _system_clock() -> int:
    return time.time_ns() // 1_000_000


class Sources(NamedTuple):
    """Where time and randomness come from.

    Attributes:
        clock: Milliseconds since the Unix epoch, UTC.
        entropy: `n` random bytes.
    """

    clock: Callable[[], int] = _system_clock
    entropy: Callable[[int], bytes] = os.urandom


_sources = Sources()


def now_ms() -> int:
    """Milliseconds since the Unix epoch, UTC."""
    return _sources.clock()


def random_bytes(count: int) -> bytes:
    """`count` bytes that no other writer will draw."""
    return _sources.entropy(count)


def new_id() -> str:
    """A run id: 16 lower-case hex digits."""
    return random_bytes(8).hex()


@contextmanager
def pinned(sources: Sources) -> Iterator[Sources]:
    """Replace the clock and the randomness of this process, for tests."""
    global _sources
    before, _sources = _sources, sources
    try:
        yield sources
    finally:
        _sources = before


def iso(ms: int) -> str:
    """`ms` as `2026-11-23T08:14:51.123Z`.

    Raises:
        ValueError: `ms` is negative or after the year 9999.
    """
    if not 0 <= ms <= MAX_TIME_MS:
        raise ValueError(f"time {ms} ms is outside 1970..9999")
    seconds, millis = divmod(ms, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{millis:03d}Z"


def from_iso(text: str) -> int:
    """Milliseconds of a time written by `iso`.

    Raises:
        ValueError: `text` is not of that form.
    """
    from datetime import datetime, timedelta, timezone  # strptime loads twice as much, locale too

    if len(text) != 24 or [text[at] for at in (4, 7, 10, 13, 19, 23)] != [*"--T:.Z"]:
        raise ValueError(f"not a time of the form 2026-11-23T08:14:51.123Z: {text!r}")
    moment = datetime.fromisoformat(text[:23]).replace(tzinfo=timezone.utc)
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
