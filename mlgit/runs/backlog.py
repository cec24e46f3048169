"""Frames that the disk has refused so far, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MAX_POINTS = 1_000_000
MAX_OTHER_BYTES = 64 << 20
_CHUNK = 1 << 20
_Kept = tuple[bytes, int]  # a frame and how many points it holds


class Backlog:
    """Frames waiting for the disk; when full the oldest points go first, and are counted.

    Attributes:
        lost_points: Points given up so far and not yet told to the journal.
        lost_records: Other records given up (parameters, tags: only beyond 64 MB of them).
    """

    def __init__(self, max_points: int = MAX_POINTS) -> None:
        self._max_points = max_points
        self._points: deque[_Kept] = deque()
        self._others: deque[_Kept] = deque()
        self._other_bytes = 0
        self.points = 0
        self.lost_points = 0
        self.lost_records = 0

    def __bool__(self) -> bool:
        return bool(self._points or self._others)

    def add(self, frame: bytes, points: int) -> None:
        """Keep a frame that holds `points` points (0: another kind of record)."""
        if not points and self._other_bytes + len(frame) > MAX_OTHER_BYTES:
            self.lost_records += 1
            return
        (self._points if points else self._others).append((frame, points))
        self._count((frame, points), 1)
        while self.points > self._max_points:
            oldest = self._points.popleft()
            self._count(oldest, -1)
            self.lost_points += oldest[1]

    def write_to(self, write: Callable[[bytes], int]) -> None:
        """Hand everything to `write`, oldest first, in chunks of whole frames.

        A frame of which only a part was taken stays and is written whole the next time. What is
        being written is not kept meanwhile: a signal handler may add to the rest.

        Raises:
            OSError: `write` refused; what it took before is no longer kept.
        """
        while self:
            queue = self._others or self._points
            chunk = self._take(queue)
            taken = 0
            try:
                taken = write(b"".join(frame for frame, _ in chunk))
            finally:
                left = _not_within(chunk, taken)
                self._put_back(queue, left)
            if left:
                raise OSError("only a part was taken")

    def _take(self, queue: deque[_Kept]) -> list[_Kept]:
        chosen: list[_Kept] = []
        total = 0
        while queue and total < _CHUNK:
            chosen.append(queue.popleft())
            total += len(chosen[-1][0])
            self._count(chosen[-1], -1)
        return chosen

    def _put_back(self, queue: deque[_Kept], kept: list[_Kept]) -> None:
        for one in reversed(kept):
            queue.appendleft(one)
            self._count(one, 1)

    def _count(self, kept: _Kept, sign: int) -> None:
        frame, points = kept
        self.points += sign * points
        if not points:
            self._other_bytes += sign * len(frame)

    def frames(self) -> bytes:
        """All that is kept, as one journal's bytes."""
        return b"".join(frame for frame, _ in (*self._others, *self._points))


def _not_within(chunk: list[_Kept], taken: int) -> list[_Kept]:
    """The frames of a chunk that the first `taken` bytes do not hold whole."""
    for number, (frame, _) in enumerate(chunk):
        taken -= len(frame)
        if taken < 0:
            return chunk[number:]
    return []
