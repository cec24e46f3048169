"""The open file under a journal: one `write` a record, and a waiting room when the disk refuses.

Nothing here ever raises for the disk's sake (unless `strict`): training goes on, the user is
warned once, what was refused is retried, and what had to be given up is counted.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from mlgit import times
from mlgit.errors import InvalidState, StorageFailed
from mlgit.git.files import sync_directory
from mlgit.git.sharing import inherit, make_folder
from mlgit.runs import sync
from mlgit.runs.backlog import Backlog
from mlgit.runs.file_lock import try_lock, unlock
from mlgit.runs.journal_records import CLOSE, HELPER, Header, pack_event, pack_header
from mlgit.runs.notice import warn
from mlgit.runs.process_identity import this_process

SUFFIX = ".journal"

_RETRY_SECONDS = 1.0
_TOUCH_SECONDS = 60.0
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_ABSENT, _CLOSED = -1, -2  # instead of a descriptor: not opened yet; finished

_fdatasync = getattr(os, "fdatasync", os.fsync)
_write = os.write


def new_writer() -> str:
    """A name that no other journal has: 8 hex digits."""
    return times.random_bytes(4).hex()


class JournalFile:
    """One process's journal file; it is created with the first record.

    Safe in several threads and in signal handlers. After a fork the child's first record goes
    into a file of its own; the parent's is neither written nor unlocked.

    Attributes:
        header: The first record of the file.
        generation: Grows when a new file begins, in which nothing is defined yet.
    """

    def __init__(self, folder: Path, header: Header, *, strict: bool = False) -> None:
        self.header = header
        self.generation = 0
        self.lock = threading.RLock()
        self.backlog = Backlog()
        self._folder = folder
        self._strict = strict
        self._descriptor = self._syncing = _ABSENT
        self._synced_size = 0
        self._retry_at = 0.0
        self._touch_at = 0.0
        self._trouble = OSError()
        self._retrying = self._warned = self._closing = False
        sync.watch(self)

    @property
    def path(self) -> Path:
        """Where this process's records are."""
        return self._folder / (self.header.writer + SUFFIX)

    def append(self, record: bytes, points: int = 0) -> None:
        """Write one record that holds `points` points; returned means it outlives the process.

        Raises:
            InvalidState: The journal is closed.
            StorageFailed: In strict mode, when the disk refuses; the record is kept for a retry.
        """
        with self.lock:
            if not self.backlog:
                try:
                    if _write(self._descriptor, record) == len(record):
                        return
                    self._trouble = OSError("only a part was taken")
                except OSError as error:
                    self._trouble = error
            self._append_slowly(record, points)

    def _append_slowly(self, record: bytes, points: int) -> None:
        if self._closing:
            raise InvalidState("this run is finished; nothing more can be logged through it")
        first = self._descriptor == _ABSENT and not self.backlog
        self.backlog.add(record, points)
        if self._retrying:  # a signal handler logs in the midst of a retry, which takes this along
            return
        if first or time.monotonic() >= self._retry_at:
            self._retry()
        if self.backlog:
            self._refused()

    def _retry(self) -> None:
        """Write what waits, if the disk takes it now."""
        self._retrying = True
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        try:
            if self._descriptor == _ABSENT:
                self._descriptor = self._open()
            self.backlog.write_to(lambda chunk: _write(self._descriptor, chunk))
            self._tell_losses()
        except OSError as error:
            self._trouble = error
        finally:
            self._retrying = False

    def _open(self) -> int:
        make_folder(self._folder)
        descriptor = os.open(self.path, _FLAGS, 0o600)
        inherit(self.path)
        try_lock(descriptor)
        first = pack_header(self.header)
        try:
            if _write(descriptor, first) == len(first):
                sync.watch(self)  # a forked child has no thread yet
                return descriptor
            raise OSError("only a part was taken")
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                self.path.unlink()
            raise

    def _tell_losses(self) -> None:
        record = self._losses()
        if record and _write(self._descriptor, record) == len(record):
            self.backlog.lost_points = 0

    def _losses(self) -> bytes:
        """The record that says how many points were given up; empty when none were."""
        lost = self.backlog.lost_points
        return pack_event({"do": "lost", "points": lost, "at": times.now_ms()}) if lost else b""

    def _refused(self) -> None:
        message = f"mlgit cannot write {self.path}: {self._trouble.strerror or self._trouble}"
        if self._strict:
            hint = "free some space, or unset MLGIT_STRICT"
            raise StorageFailed(message, hint=hint) from self._trouble
        if not self._warned:
            self._warned = True
            warn(f"{message}; what is logged waits in memory and is not safe yet")

    def size(self) -> int:
        """Bytes on disk."""
        with self.lock:
            return os.fstat(self._descriptor).st_size if self._descriptor >= 0 else 0

    def read(self, start: int = 0) -> bytes:
        """The records from byte `start` on: those on disk, then those that still wait."""
        with self.lock:
            parts = []
            if self._descriptor < 0 and not start:
                parts.append(pack_header(self.header))
            if self._descriptor >= 0:
                os.lseek(self._descriptor, start, os.SEEK_SET)  # writes append wherever this is
                while part := os.read(self._descriptor, 1 << 24):
                    parts.append(part)
            return b"".join(parts) + self.backlog.frames() + self._losses()

    def close(self) -> None:
        """Take no more records, write what still waits, and give the lock back; idempotent.

        While the disk refuses, the file stays open for the background thread to try again.
        """
        with self.lock:
            self._closing = True
            if self.backlog:
                self._retry()
            self._close_if_done()

    def _close_if_done(self) -> None:
        """Say as the last word that the writer is done; for readers that cannot ask it."""
        if self.backlog or self._descriptor == _CLOSED:
            return
        if self._descriptor >= 0:
            last = pack_event({"do": CLOSE, "at": times.now_ms()})
            try:
                if _write(self._descriptor, last) != len(last):
                    return
            except OSError:
                return
            unlock(self._descriptor)  # the background thread may hold a duplicate
            os.close(self._descriptor)
        sync.unwatch(self)
        self._descriptor = _CLOSED

    def discard(self) -> None:
        """Close and remove the file, with all that was written and that waits."""
        with self.lock:
            self.backlog = Backlog()
            self.close()
            for leave in (self.path.unlink, self.path.parent.rmdir):
                with contextlib.suppress(OSError):
                    leave()

    def tick(self) -> None:
        """Retry what waits and make durable what is new; called by the background thread."""
        with contextlib.suppress(OSError):
            size = self._prepare_sync()
            if size:
                self._sync(size)

    def _prepare_sync(self) -> int:
        with self.lock:
            if self._descriptor == _CLOSED:
                return 0
            if self.backlog:
                self._retry()
            if self._closing:
                self._close_if_done()
            if self._descriptor < 0:
                return 0
            self._show_life()
            size = self.size()
            if size == self._synced_size:
                return 0
            # A duplicate, so that closing meanwhile cannot hand the number to another file.
            self._syncing = os.dup(self._descriptor)
            return size

    def _show_life(self) -> None:
        """Touch the file now and then: on a shared disk that is all that another host sees."""
        if time.monotonic() >= self._touch_at:
            self._touch_at = time.monotonic() + _TOUCH_SECONDS
            os.utime(self.path)

    def _sync(self, size: int) -> None:
        try:
            _fdatasync(self._syncing)
            if not self._synced_size:  # its name must last, too
                with contextlib.suppress(FileNotFoundError):  # published meanwhile
                    sync_directory(self._folder)
                    sync_directory(self._folder.parent)
            self._synced_size = size
        except OSError as error:
            if not self._warned:
                self._warned = True
                warn(f"mlgit cannot make {self.path} durable: {error}")
        finally:
            os.close(self._syncing)
            self._syncing = _ABSENT

    def forked(self) -> None:
        """Let go of the parent's file in a child; closing a descriptor does not unlock it."""
        for descriptor in (self._descriptor, self._syncing):
            if descriptor >= 0:
                os.close(descriptor)
        self.lock = threading.RLock()
        self.backlog = Backlog()
        self.generation += 1
        self._retrying = False
        self._synced_size = 0
        self._syncing = _ABSENT
        if self._descriptor != _CLOSED:
            self._descriptor = _ABSENT
            self.header = self.header._replace(
                role=HELPER, process=this_process(), writer=new_writer()
            )
