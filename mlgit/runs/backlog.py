"""Frames that the disk has refused so far, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MAX_POINTS = 1_000_000
MAX_OTHER_BYTES = 64 << 20
_CHUNK = 1 << 20


class Backlog:
    """Frames waiting for the disk; when full the oldest points go first, and are counted.

    Attributes:
        lost_points: Points given up so far and not yet told to the journal.
        lost_records: Other records given up (parameters, tags: only beyond 64 MB of them).
    """

    def __init__(self, max_points: int = MAX_POINTS) -> None:
        self._max_points = max_points
        self._points: deque[tuple[bytes, int]] = deque()
        self._others: deque[bytes] = deque()
        self._other_bytes = 0
        self.points = 0
        self.lost_points = 0
        self.lost_records = 0

    def __bool__(self) -> bool:
        return bool(self._points or self._others)

    def add(self, frame: bytes, points: int) -> None:
        """Keep a frame that holds `points` points (0: another kind of record)."""
        if not points:
            self._add_other(frame)
            return
        self._points.append((frame, points))
        self.points += points
        while self.points > self._max_points:
            self.lost_points += self._drop_oldest()

    def _drop_oldest(self) -> int:
        _, count = self._points.popleft()
        self.points -= count
        return count

    def _add_other(self, frame: bytes) -> None:
        if self._other_bytes + len(frame) > MAX_OTHER_BYTES:
            self.lost_records += 1
            return
        self._others.append(frame)
        self._other_bytes += len(frame)

    def write_to(self, write: Callable[[bytes], int]) -> None:
        """Hand everything to `write`, oldest first, in chunks of whole frames.

        A frame of which only a part was taken stays and is written whole the next time.

        Raises:
            OSError: `write` refused; what it took before is no longer kept.
        """
        while self:
            chunk, sizes = self._next_chunk()
            taken = write(chunk)
            for size in sizes:
                if taken < size:
                    raise OSError("the file system took only a part")
                taken -= size
                self._pop()

    def frames(self) -> bytes:
        """All that is kept, as one journal's bytes."""
        return b"".join(self._others) + b"".join(frame for frame, _ in self._points)

    def _next_chunk(self) -> tuple[bytes, list[int]]:
        source = self._others or (frame for frame, _ in self._points)
        chosen: list[bytes] = []
        total = 0
        for frame in source:
            chosen.append(frame)
            total += len(frame)
            if total >= _CHUNK:
                break
        return b"".join(chosen), [len(frame) for frame in chosen]

    def _pop(self) -> None:
        if self._others:
            self._other_bytes -= len(self._others.popleft())
        else:
            self._drop_oldest()
