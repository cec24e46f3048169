"""Copying and hashing open files, and opening them without being led astray."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mlgit.errors import InvalidState, InvalidValue, NotFound, StorageFailed

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

CHUNK = 1 << 20
_AT_ONCE = 1 << 26  # bytes after which the disk is to write
_FICLONE = 0x40049409  # ioctl of Linux: share the blocks of another file, copy on write
# Not blocking, because opening a pipe for reading would wait for its writer.
_PLAIN = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def digest(source: BinaryIO) -> tuple[str, int]:
    """(sha256 in hex, number of bytes) of the rest of `source`."""
    found, size = sha256(), 0
    while chunk := source.read(CHUNK):
        found.update(chunk)
        size += len(chunk)
    return found.hexdigest(), size


def copy(
    source: BinaryIO, target: BinaryIO, most: float = inf, *, lasting: bool = False
) -> tuple[str, int]:
    """Copy the whole of `source` into the empty `target`; (sha256, bytes) of what arrived.

    Shares blocks where the file system can: a later change of `source` does not reach `target`.
    Stops soon after `most` bytes: a file may grow as fast as it is read. Where it is to be
    `lasting`, the disk begins to write early; the caller still has to sync the end.
    """
    if _share_blocks(source, target):
        target.seek(0)
        return digest(target)
    found, size, synced = sha256(), 0, 0
    with Beside() as hashing, Beside() as writing:
        while size <= most and (chunk := source.read(CHUNK)):
            if len(chunk) < CHUNK:
                hashing.wait()
                found.update(chunk)  # no thread for a small file
            else:
                hashing.do(found.update, chunk)
            size += target.write(chunk)
            if lasting and size - synced >= _AT_ONCE and not writing.busy:
                writing.do(os.fsync, target.fileno())
                synced = size
    return found.hexdigest(), size


class Beside:
    """One call at a time on a thread of its own; at the end, and before the next, it is done."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._last: Future[object] | None = None

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        if kind is None:
            self.wait()

    @property
    def busy(self) -> bool:
        """Whether the last call is not done yet."""
        return self._last is not None and not self._last.done()

    def wait(self) -> None:
        """Let the last call end; raises what it raised."""
        if self._last is not None:
            self._last.result()

    def do(self, call: Callable[[Any], object], argument: object) -> None:
        """Begin a call; raises what the one before raised."""
        self.wait()
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(1)
        self._last = self._pool.submit(call, argument)


def _share_blocks(source: BinaryIO, target: BinaryIO) -> bool:
    try:
        import fcntl

        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except (ImportError, OSError):  # no such system, no such file system, not a file
        return False
    return True


def open_file(path: Path, *, follow: bool = False) -> BinaryIO:
    """Open a regular file for reading; a symlink only with `follow`, a device or pipe never.

    Raises:
        OSError: It cannot be opened (`ELOOP` for a symlink).
        InvalidValue: It is not a regular file.
    """
    number = os.open(path, _PLAIN if follow else _PLAIN | NO_FOLLOW)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise InvalidValue(f"{path} is not a regular file", path=str(path))
    return os.fdopen(number, "rb")


@contextmanager
def steady(path: Path, *, follow: bool = False) -> Iterator[BinaryIO]:
    """A user's file, open, of which the body reads one state.

    Raises:
        NotFound: There is no such file.
        InvalidValue: It is not a regular file.
        InvalidState: It changed while it was read.
        StorageFailed: It cannot be read.
    """
    try:
        file = open_file(path, follow=follow)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", path=str(path)) from error
    except OSError as error:
        raise StorageFailed(f"cannot read {path}: {error.strerror}", path=str(path)) from error
    with file:
        before = os.fstat(file.fileno())
        yield file
        after = os.fstat(file.fileno())
    if _state(before) != _state(after):
        raise InvalidState(
            f"{path} changed while it was read",
            "log it when its writer has finished",
            path=str(path),
        )


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns
