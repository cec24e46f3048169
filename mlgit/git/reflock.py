"""Git's `<ref>.lock`, taken so that what a killed mlgit leaves behind can be told from git's own.

The lock is a hard link to a file that is already whole, so ours is never seen empty; before it
appears, a file in `intents/` says in its name which ref it is for and in its content who is about
to take it, and the kernel keeps that file locked while the process lives. The linked file stays
beside it as long: two writers may take a lock for the same value, and one's must not be cleared as
the other's.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from mlgit.errors import StorageFailed
from mlgit.git.files import CREATE, CREATE_NEW, read_file, refusals, write_whole
from mlgit.git.holder import age_seconds, claim_dead, describe_process, hold_new, release
from mlgit.git.sharing import inherit, make_folder, share

if TYPE_CHECKING:
    from mlgit.git.oid import Oid

PATIENCE = 2.0  # seconds that another program's lock may be old before it is called stuck
_LONGEST_WAIT = 10.0
_PAUSE, _LONGEST_PAUSE = 0.005, 0.05
_CLEARING = 0.25
VALUE = ".value"  # ends the name of the file whose link a lock is; it is no intent
PACKED = "packed-refs"  # the file of many refs, which git locks in the same way


class RefLock:
    """The lock of one ref, held inside a `with` block.

    Raises on entry:
        StorageFailed: Another program keeps the ref locked, or the disk refused.
    """

    def __init__(
        self, common_dir: Path, name: str, new: Oid, state_dir: Path, shared: int = 0
    ) -> None:
        self._common_dir = common_dir
        self._name = name
        self._new = new
        self._lock = common_dir / f"{name}.lock"
        self._intents = state_dir / "intents"
        writer = f"{os.getpid()}.{threading.get_ident()}"
        self._intent = self._intents / f"{new.decode('ascii')}-{writer}-{quote(name, safe='')}"
        self._value = _value_of(self._intent)
        self._shared = shared
        self._fd = -1
        self._taken = False

    def __enter__(self) -> RefLock:
        try:
            with refusals(self._lock, "lock"):
                self._declare()
                self._take()
        except BaseException:
            self._withdraw()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._withdraw()

    def become(self, ref: Path) -> None:
        """Make the locked value the ref's, and give the lock up with that."""
        self._lock.replace(ref)
        self._taken = False

    def _declare(self) -> None:
        """Put the intent and the new value on disk before the lock can appear."""
        make_folder(self._intents)
        clear_dead(self._common_dir, self._intents)
        self._fd = hold_new(self._intent)
        inherit(self._intent)
        write_whole(self._fd, f"{describe_process()}\n".encode())
        value = os.open(self._value, CREATE, 0o666)
        try:
            write_whole(value, self._new + b"\n")
            share(os.fspath(self._value), self._shared)
            # The name of the intent is older than this and than the lock: a journal keeps order.
            os.fsync(value)
        finally:
            os.close(value)

    def _take(self) -> None:
        start, pause, cleared = time.monotonic(), _PAUSE, 0.0
        while not self._link():
            waited = time.monotonic() - start
            age = age_seconds(self._lock)
            if (age > PATIENCE and waited > _PAUSE) or waited > _LONGEST_WAIT:
                raise _stuck(self._lock, age)
            time.sleep(pause * (1 + os.urandom(1)[0] / 255) / 2)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            if waited >= cleared:  # many that wait must not keep each other from working
                clear_dead(self._common_dir, self._intents)
                cleared = waited + _CLEARING
        self._taken = True
        os.utime(self._lock)  # its age is how long it is held, not how long it was waited for

    def _link(self) -> bool:
        try:
            os.link(self._value, self._lock)
        except FileExistsError:
            return False
        except FileNotFoundError:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            return False
        except OSError:  # a file system without hard links
            return self._create()
        return True

    def _create(self) -> bool:
        self._value = self._value.replace(_copied_of(self._intent))
        try:
            fd = os.open(self._lock, CREATE_NEW, 0o666)
        except FileExistsError:
            return False
        self._taken = True
        try:
            write_whole(fd, self._new + b"\n")
            os.fsync(fd)
        finally:
            os.close(fd)
        return True

    def _withdraw(self) -> None:
        for path in [self._lock] * self._taken + [self._value, self._intent]:
            with suppress(OSError):
                path.unlink()
        if self._fd >= 0:
            release(self._fd)
            self._fd = -1


def clear_dead(common_dir: Path, intents: Path) -> None:
    """Remove the locks and intents of mlgit writers that are gone; never anything else."""
    try:
        names = [name for name in os.listdir(intents) if not name.endswith(VALUE)]  # noqa: PTH208
    except FileNotFoundError:
        return
    for name in names:
        intent = intents / name
        fd = claim_dead(intent)
        if fd is None:
            continue
        try:
            with suppress(OSError):
                _clear_one(common_dir, intent)
        finally:
            release(fd)


def _clear_one(common_dir: Path, intent: Path) -> None:
    """Called with the intent claimed, so no one else clears it and no one alive relies on it."""
    oid, _, rest = intent.name.partition("-")
    name = unquote(rest.partition("-")[2])
    if name == PACKED or (name.startswith("refs/") and ".." not in name):
        lock = common_dir / f"{name}.lock"
        with suppress(FileNotFoundError):
            if read_file(lock) == f"{oid}\n".encode() and _is_of(lock, intent):
                lock.unlink()
    _value_of(intent).unlink(missing_ok=True)
    _copied_of(intent).unlink(missing_ok=True)
    intent.unlink()


def _is_of(lock: Path, intent: Path) -> bool:
    """Whether the lock is what this writer has linked, or may have made where links do not work."""
    try:
        return os.path.samestat(lock.stat(), _value_of(intent).stat())
    except FileNotFoundError:
        return _copied_of(intent).exists()


def _value_of(intent: Path) -> Path:
    return intent.with_name(f"{intent.name}{VALUE}")


def _copied_of(intent: Path) -> Path:
    return intent.with_name(f"{intent.name}.copied{VALUE}")


def _stuck(lock: Path, age: float) -> StorageFailed:
    return StorageFailed(
        f"{lock} has been there for {age:.0f} s: another git program is at work, or one crashed",
        f"if no git command is running in this repository: rm {lock}",
        path=os.fspath(lock),
        age=age,
        holder="a program other than mlgit",
    )
