"""The kernel lock a journal is held with: it dies with its holder, however that ends."""

from __future__ import annotations

import contextlib
import errno
import sys

_FAR = 1 << 40  # beyond any journal: Windows locks bytes, and these are never written

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


def try_lock(descriptor: int) -> bool | None:
    """Take the exclusive lock on an open file without waiting.

    Returns:
        True when it is ours now, False when another holder has it, None where the file system
        knows no locks.
    """
    try:
        _lock(descriptor)
    except OSError as error:
        return False if error.errno in _HELD else None
    return True


def unlock(descriptor: int) -> None:
    """Give the lock back at once: a duplicate that is still open would keep it otherwise."""
    with contextlib.suppress(OSError):
        _unlock(descriptor)


if sys.platform == "win32":
    import msvcrt
    import os

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
