"""A download that is under way: `tmp/<hex>.part` in the cache, continued by whoever comes next.

Its holder keeps a kernel lock on it. Who finds it locked downloads into a file of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256 as new_digest
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlgit.artifacts.cache import make_folders, sync_folder
from mlgit.artifacts.streams import CHUNK, NO_FOLLOW
from mlgit.errors import StorageFailed
from mlgit.times import random_bytes

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.transfer.values import Wanted

_FLAGS = os.O_RDWR | os.O_CREAT | NO_FOLLOW | getattr(os, "O_BINARY", 0)


class Part:
    """The beginning of an object in a file of which this thread is the only writer.

    Attributes:
        file: The file, open at its end.
        size: Its bytes so far.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self._path = file, path
        self.size = 0
        self.landed = False
        self._digest = new_digest()

    def read_again(self) -> None:
        """Make size and digest those of what is in the file."""
        self.file.seek(0)
        self.size, self._digest = 0, new_digest()
        while chunk := self.file.read(CHUNK):
            self._count(chunk)

    def append(self, data: bytes) -> None:
        """Write more of it.

        Raises:
            StorageFailed: The disk refused.
        """
        with refusals(self._path):
            self.file.write(data)
        self._count(data)

    def clear(self) -> None:
        """Begin anew."""
        self.file.seek(0)
        self.file.truncate()
        self.size, self._digest = 0, new_digest()

    def is_whole(self, wanted: Wanted) -> bool:
        """Whether these are the bytes."""
        return self.size == wanted.size and self._digest.hexdigest() == wanted.sha256

    def land(self, into: ObjectCache, wanted: Wanted) -> None:
        """Make it an object of the cache, in one step and lasting.

        Raises:
            StorageFailed: The disk refused.
        """
        target = into.path(wanted.sha256)
        with refusals(target):
            self.file.flush()
            os.fsync(self.file.fileno())
            make_folders(into.root, *target.relative_to(into.root).parent.parts)
            self._path.chmod(0o444)
            self._path.replace(target)
            sync_folder(target.parent)
        self.landed = True

    def _count(self, data: bytes) -> None:
        self._digest.update(data)
        self.size += len(data)


@contextmanager
def part_of(into: ObjectCache, wanted: Wanted) -> Iterator[Part]:
    """What is here of an object that another call began, or the empty beginning.

    What is there at the end of the block and did not land is kept for the next call.

    Raises:
        StorageFailed: The disk refused.
    """
    into.path(wanted.sha256)  # refuses what is no digest
    path = into.root / "tmp" / f"{wanted.sha256}.part"
    with refusals(path):
        folder = make_folders(into.root, "tmp")
        file = _held(path)
        shared = file is not None
        if file is None:
            path = folder / f"{wanted.sha256}.{random_bytes(8).hex()}.part"
            file = os.fdopen(os.open(path, _FLAGS | os.O_EXCL, 0o600), "r+b")
    part = Part(file, path)
    with file:
        try:
            with refusals(path):
                part.read_again()
            if part.size > wanted.size:
                part.clear()
            yield part
        finally:  # before the lock is given back
            if not part.landed and (not shared or part.size == 0):
                path.unlink(missing_ok=True)


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn what the disk refuses in the block into `StorageFailed`."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"cannot keep an artifact at {path}: {error.strerror}",
            "free some space or check the permissions; nothing was lost",
            path=str(path),
        ) from error


def _held(path: Path) -> BinaryIO | None:
    """The file, open and locked; None while another has it, or where nothing can be locked."""
    file = os.fdopen(os.open(path, _FLAGS, 0o600), "r+b")
    # Between opening and locking, its last holder may have made it an object.
    if _lock(file) and path.exists() and os.path.samestat(os.fstat(file.fileno()), path.lstat()):
        return file
    file.close()
    return None


def _lock(file: BinaryIO) -> bool:
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
