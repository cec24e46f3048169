"""A run's append log on this machine: what is written here outlives the process that wrote it.

Each record is one `write` to a file opened for appending, so a returned call survives `kill -9`
and waits for no other process: every process has a journal of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from mlgit import times
from mlgit.errors import InvalidValue
from mlgit.runs import frames
from mlgit.runs.frames import pack_point
from mlgit.runs.journal_records import Series, pack_event, pack_file, pack_series

if TYPE_CHECKING:
    from mlgit.runs.journal_file import JournalFile

_BATCH = 4096  # points of one frame


# Series (a plain metric key where nothing else belongs to it), step, timestamp in ms, value.
Row = tuple[Series | str, int, int, float]


class Journal:
    """One process's append log of one run, open for writing.

    Every method returns when the record is on disk (or, while the disk refuses, in memory) and
    raises InvalidState once the journal is closed, StorageFailed in strict mode.
    """

    def __init__(self, file: JournalFile) -> None:
        self.file = file
        self._numbers: dict[Series | str, int] = {}
        self._next_number = count()
        self._generation = file.generation

    def append_point(self, series: Series | str, step: int, timestamp: int, value: float) -> None:
        """Write one point; the arguments are those of `Row`.

        Raises:
            InvalidValue: `step` or `timestamp` does not fit into 64 bits.
        """
        file = self.file
        with file.lock:
            number = self._numbers.get(series)
            if number is None or self._generation != file.generation:
                number = self._define(series)
            try:
                record = pack_point(number, step, timestamp, value)
            except struct.error as error:
                raise _too_big((step, timestamp)) from error
            file.append(record, 1)

    def append_step(self, values: Mapping[str, float], step: int, timestamp: int) -> None:
        """Write one point of each of several metrics with one `write`.

        Raises:
            InvalidValue: As `append_point`; then none is written.
        """
        self.append_points((key, step, timestamp, value) for key, value in values.items())

    def append_points(self, rows: Iterable[Row]) -> None:
        """Write many points with one `write`.

        Raises:
            InvalidValue: As `append_point`; then none is written.
        """
        with self.file.lock:
            flat: list[int | float] = []
            for series, step, timestamp, value in rows:
                number = self._numbers.get(series)
                if number is None or self._generation != self.file.generation:
                    number = self._define(series)
                flat += (number, step, timestamp, value)
            if flat:
                self.file.append(_packed(flat), len(flat) // 4)

    def append_event(
        self, event: Mapping[str, Any], files: Mapping[str, bytes] | None = None
    ) -> None:
        """Write one event, and in the same write the files it speaks of."""
        attached = b"".join(pack_file(name, data) for name, data in (files or {}).items())
        self.file.append(attached + pack_event({"at": times.now_ms(), **event}))

    def _define(self, series: Series | str) -> int:
        if self._generation != self.file.generation:
            self._generation = self.file.generation
            self._numbers = {}
        number = next(self._next_number)
        self.file.append(
            pack_series(number, (series, "", "", "") if isinstance(series, str) else series)
        )
        self._numbers[series] = number
        return number


def _packed(flat: list[int | float]) -> bytes:
    size = _BATCH * 4
    try:
        return b"".join(
            frames.pack_points(flat[at : at + size]) for at in range(0, len(flat), size)
        )
    except struct.error as error:
        raise _too_big(flat[1::4] + flat[2::4]) from error


def _too_big(numbers: Iterable[int | float]) -> InvalidValue:
    worst = max(numbers, key=abs)
    return InvalidValue(
        f"{worst} does not fit into 64 bits",
        hint="steps and timestamps are whole numbers below 2**63",
        value=worst,
    )
