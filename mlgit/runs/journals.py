"""The journals of this machine as files: where they lie, and what became of their writers.

data/live/<run id>/<writer>.journal                       being written, or not yet published
data/published/<hour>/<run id>.<writer>.<commit>.journal  kept for a while to be verified
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from mlgit import times
from mlgit.git.lock import writer_lock
from mlgit.git.sharing import make_folder
from mlgit.runs.file_lock import try_lock
from mlgit.runs.journal_file import SUFFIX
from mlgit.runs.journal_read import parse, read_journal
from mlgit.runs.journal_records import CLOSE, Header
from mlgit.runs.process_identity import is_gone, same_machine

if TYPE_CHECKING:
    from mlgit.git.oid import Oid

LEASE_MS = 600_000  # a journal of another host is touched more often than this while it lives
HOUR_MS = 3_600_000
_HEADER_BYTES = 1 << 16
_LAST_BYTES = 1 << 7  # in which the last word of a writer fits


class Writer(Enum):
    """What became of the one who wrote a journal."""

    LIVE = "live"  # writes, or may write again
    CLOSED = "closed"  # let go of it in an orderly way
    DEAD = "dead"  # ended without a word
    FOREIGN = "foreign"  # of another host or user, not closed, and its lease has not run out
    EXPIRED = "expired"  # of another host, and silent for longer than its lease


ORDERLY = frozenset({Writer.CLOSED, Writer.DEAD})


class JournalEntry(NamedTuple):
    """One journal file that was looked at; `header` is None where it is not readable."""

    path: Path
    run_id: str
    header: Header | None
    writer: Writer

    @property
    def name(self) -> str:
        """The journal's name among those of the run."""
        return self.path.name.removesuffix(SUFFIX)


def live_folder(data: Path) -> Path:
    """Where journals are that are not published yet."""
    return data / "live"


def published_folder(data: Path) -> Path:
    """Where published journals wait until they have been verified."""
    return data / "published"


def live_run_ids(data: Path) -> list[str]:
    """Ids of the runs that have journals here."""
    try:
        return sorted(folder.name for folder in live_folder(data).iterdir())
    except FileNotFoundError:
        return []


def path_of(data: Path, run_id: str, writer: str) -> Path:
    """Where a writer's journal of a run is while it is not published."""
    return live_folder(data) / run_id / (writer + SUFFIX)


def paths_of(data: Path, run_id: str) -> list[Path]:
    """The files of a run's journals, by writer name."""
    try:
        found = sorted((live_folder(data) / run_id).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path for path in found if path.suffix == SUFFIX]


def journals_of(data: Path, run_id: str, but: str = "") -> Iterator[JournalEntry]:
    """The journals of one run, by writer name, `but` one; damaged ones have no header."""
    for path in paths_of(data, run_id):
        if path.stem != but:
            with contextlib.suppress(FileNotFoundError):  # published meanwhile by another process
                yield _look_at(path, run_id)


def _look_at(path: Path, run_id: str) -> JournalEntry:
    try:
        header = _header_of(path)
        return JournalEntry(path, run_id, header, _writer_of(path, header))
    except PermissionError:  # of another user of this repository
        return JournalEntry(path, run_id, None, Writer.FOREIGN)


def _header_of(path: Path) -> Header | None:
    with path.open("rb") as file:
        first = file.read(_HEADER_BYTES)
    header = parse(first).header
    return header or read_journal(path).header


def _writer_of(path: Path, header: Header | None) -> Writer:
    if header is None or not same_machine(header.process):
        if header is not None and _has_closed(path):
            return Writer.CLOSED
        silent = times.now_ms() - int(path.stat().st_mtime * 1000) > LEASE_MS
        expired = Writer.DEAD if header is None else Writer.EXPIRED
        return expired if silent else Writer.FOREIGN
    gone = is_gone(header.process)
    if _is_locked(path):
        return Writer.LIVE
    if gone:
        return Writer.DEAD
    # Its process lives but holds no lock: closed, just being opened, or no locks on this disk.
    return Writer.CLOSED if _has_closed(path) else Writer.LIVE


def _is_locked(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    try:
        return try_lock(descriptor) is False
    finally:
        os.close(descriptor)


def _has_closed(path: Path) -> bool:
    with path.open("rb") as file:
        return is_closed(file)


def is_closed(file: BinaryIO) -> bool:
    """Whether the last word of a journal's writer was that it is done."""
    file.seek(max(0, os.fstat(file.fileno()).st_size - _LAST_BYTES))
    events = parse(file.read()).events
    return bool(events) and events[-1].fields.get("do") == CLOSE


def shelve(data: Path, path: Path, run_id: str, commit: Oid) -> None:
    """Put a published journal aside; one that cannot be moved is published again, to no effect."""
    hour = published_folder(data) / str(times.now_ms() // HOUR_MS)
    name = f"{run_id}.{path.name.removesuffix(SUFFIX)}.{commit.decode()}{SUFFIX}"
    with contextlib.suppress(OSError):
        make_folder(hour)
        path.replace(hour / name)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def publishing(data: Path, run_id: str) -> contextlib.AbstractContextManager[None]:
    """Let one process at a time publish a run; a kernel lock, it waits.

    Raises:
        StorageFailed: It could not be had.
    """
    shard = sha256(run_id.encode()).hexdigest()[:2]  # few files, and few writers in one queue
    return writer_lock(data / "publishing" / shard)
