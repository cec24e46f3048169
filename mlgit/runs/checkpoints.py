"""When a long run is published in between."""

from __future__ import annotations

from typing import NamedTuple

MEBIBYTE = 1 << 20


class CheckpointPolicy(NamedTuple):
    """How often; 0 seconds means never.

    Attributes:
        seconds: The first checkpoint is made so long after the start; the pauses grow.
        growth: Bytes of new journal that make one due earlier.
        longest: The pauses grow up to so many seconds.
    """

    seconds: float = 600.0
    growth: int = 64 * MEBIBYTE
    longest: float = 3600.0


class Schedule:
    """The checkpoints of one run; times are those of one monotonic clock, in seconds."""

    def __init__(self, policy: CheckpointPolicy, now: float) -> None:
        self._policy = policy
        self._pause = policy.seconds
        self._last, self._size = now, 0

    def is_due(self, now: float, size: int) -> bool:
        """Whether to make one now, the journal being `size` bytes long."""
        if not self._policy.seconds:
            return False
        # A whole journal is read for each, so its growth must be in proportion to it.
        grown = size - self._size >= max(self._policy.growth, self._size)
        return grown or now - self._last >= self._pause

    def done(self, now: float, size: int, cost: float) -> None:
        """One was made, or failed, and took `cost` seconds: the next comes later."""
        longest = max(self._policy.longest, self._policy.seconds)
        self._pause = max(min(self._pause * 1.25, longest), 100 * cost)
        self._last, self._size = now, size

    def alive_for(self) -> float:
        """Seconds within which the next sign of life comes, with room to spare."""
        return 2 * max(self._pause, self._policy.seconds) + 300
