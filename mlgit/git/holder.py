"""Files that say which process is at work, and a kernel lock on them that dies with it."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from mlgit.git.files import BINARY

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PAUSE = 0.001
_held: set[int] = set()


def try_lock(fd: int) -> bool:
    """Take the kernel's lock on an open file without waiting; False when another holds it."""
    try:
        if sys.platform == "win32":
            os.lseek(fd, _WINDOWS_LOCK_BYTE, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    _held.add(fd)
    return True


def release(fd: int) -> None:
    """Let go of the lock and close the file."""
    _held.discard(fd)
    if sys.platform == "win32":
        os.lseek(fd, _WINDOWS_LOCK_BYTE, os.SEEK_SET)
        with suppress(OSError):
            msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)


# Windows forbids others to read a locked byte, so the lock is on one far behind the content.
_WINDOWS_LOCK_BYTE = 1 << 30


def _close_in_child() -> None:
    # A forked child shares the lock: it would keep it when the parent is killed meanwhile.
    for fd in _held:
        with suppress(OSError):
            os.close(fd)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


def describe_process() -> str:
    """This process as a line `host boot-id pid`, for files that outlive it."""
    return f"{host()} {boot_id()} {os.getpid()}"


def host() -> str:
    """Name of this machine, without spaces."""
    name = os.environ.get("COMPUTERNAME", "") if sys.platform == "win32" else os.uname().nodename
    return name.replace(" ", "_") or "localhost"


@cache
def boot_id() -> str:
    """What changes when this machine starts anew; `-` where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return "-"


def hold_new(path: Path, timeout: float = 10.0) -> int:
    """Create a file and take the kernel's lock on it, also while `claim_dead` looks at it.

    Returns:
        The open file, for `release`.

    Raises:
        OSError: The disk refused, or another holds it for as long as `timeout` seconds.
    """
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | BINARY, 0o666)
        if not try_lock(fd):
            os.close(fd)
        elif _is_still_at(fd, path):
            return fd
        else:  # taken for a dead writer's, for it was still empty
            release(fd)
        time.sleep(_PAUSE)
    raise BlockingIOError(f"{path} is in use")


def claim_dead(path: Path) -> int | None:
    """Take over a file that a process described itself in and kept locked, if that one is gone.

    The kernel's lock decides, where this kernel can see it: on the same machine, also from
    another container or after a restart. A file from another machine is never claimed.

    Returns:
        The open, locked file (give it to `release`), or None.
    """
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return None
    if try_lock(fd):
        if _is_from_here(fd) and _is_still_at(fd, path):
            return fd
        release(fd)
    else:
        os.close(fd)
    return None


def _is_from_here(fd: int) -> bool:
    words = os.read(fd, 1024).decode("utf-8", "replace").split()
    # An empty file is one whose writer was killed, or lost power, before its first write.
    return not words or words[0] == host() or (len(words) > 1 and words[1] == boot_id() != "-")


def _is_still_at(fd: int, path: Path) -> bool:
    """Whether no one has removed the file between our opening and locking it."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False


def age_seconds(path: Path) -> float:
    """Seconds since a file was last written; 0 when it is gone."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0
