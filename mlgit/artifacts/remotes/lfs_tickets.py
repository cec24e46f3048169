"""Answers of the batch API kept until they are used: a hundred uploads ask once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlgit.times import now_ms

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.lfs_batch import Answer

OVER = frozenset({400, 401, 403, 404, 410})  # what addresses given out too long ago answer
_SOON = 60_000  # milliseconds before its end at which an address is not used any more
_AHEAD = 99  # objects that are asked for together with the one that is wanted now


class Tickets:
    """Where objects are to be sent, or fetched from; for many threads.

    `ask` is `Server.batch` for one operation.
    """

    def __init__(self, ask: Callable[[Mapping[str, int]], dict[str, Answer]]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._kept: dict[str, Answer] = {}
        self._ahead: dict[str, int] = {}

    def foresee(self, sizes: Mapping[str, int]) -> None:
        """Ask for these, too, when one of them is wanted; those of unknown size are left out."""
        with self._lock:
            self._ahead.update((sha256, size) for sha256, size in sizes.items() if size)

    def keep(self, sha256: str, answer: Answer) -> None:
        """Keep an answer for the next who wants it."""
        with self._lock:
            self._kept[sha256] = answer

    def take(self, sha256: str, size: int, *, fresh: bool) -> Answer:
        """What the server says of an object; with `fresh` it is asked now.

        Raises:
            RemoteFailed, StorageFailed: As `Server.batch`.
        """
        if fresh:
            return self._ask({sha256: size})[sha256]
        with self._lock:  # others wait: what they want may come with this answer
            known = self._kept.pop(sha256, None)
            if known is not None and not _is_over(known):
                return known
            self._ahead.pop(sha256, None)
            more = {one: self._ahead[one] for one in list(self._ahead)[:_AHEAD]}
            answers = self._ask({sha256: size, **more})
            for one in more:
                self._ahead.pop(one)
                self._kept[one] = answers[one]
            return answers[sha256]


def _is_over(answer: Answer) -> bool:
    return any(one.expires - _SOON < now_ms() for one in answer.actions.values())
