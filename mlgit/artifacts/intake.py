"""Objects taken into a local store together: written, made durable, and only then named."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlgit.artifacts.durable import Folders, sync_all
from mlgit.artifacts.stat_cache import seen
from mlgit.artifacts.streams import CHUNK, copy
from mlgit.errors import Damaged, StorageFailed
from mlgit.times import random_bytes

if TYPE_CHECKING:
    from types import TracebackType

    from mlgit.artifacts.cache import ObjectCache

_MOST_FILES = 1024  # that wait for one sync
_MOST_BYTES = 1 << 28


class Intake:
    """New objects of a store; a context manager that at its end has them all whole and lasting.

    Where the body fails, objects that were not settled yet leave nothing behind.

    Raises:
        StorageFailed: At any time: the disk refused.
    """

    def __init__(self, store: ObjectCache) -> None:
        self.store = store
        self._folders = Folders(store.root)
        self._prefix = random_bytes(8).hex()
        self._written = self._bytes = 0
        self._waiting: dict[str, Path] = {}

    def __enter__(self) -> Intake:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.settle()
            elif isinstance(error, OSError):
                raise self._refused(error) from error
        finally:
            for path in self._waiting.values():
                _remove(path)

    def take(self, source: BinaryIO, size: int, expected: str = "") -> tuple[str, int]:
        """Keep the rest of `source`, about `size` bytes; (sha256, bytes) of what was read.

        Raises:
            Damaged: Its digest is not the `expected` one; nothing of it is kept.
        """
        try:
            if size < CHUNK:
                found, size = self._take_small(source.read(size + 1), expected)
            else:
                found, size = self._take_large(source, size, expected)
            self._bytes += size
            if len(self._waiting) >= _MOST_FILES or self._bytes >= _MOST_BYTES:
                self.settle()
        except OSError as error:
            raise self._refused(error) from error
        return found, size

    def take_file(self, path: Path, file: BinaryIO) -> tuple[str, int]:
        """Keep the user's file `path`, open and at its beginning; (sha256, bytes).

        It is not read where its digest is known and the object is here.
        """
        status, known = os.fstat(file.fileno()), self.store.known
        if known is None:
            return self.take(file, status.st_size)
        state = seen(path, status)
        sha256 = known.digest(state)
        if sha256 and self._is_here(sha256):
            return sha256, status.st_size
        kept = self.take(file, status.st_size)
        if seen(path, os.fstat(file.fileno())) == state:
            known.remember(state, kept[0])
        return kept

    def settle(self) -> None:
        """Make what was taken so far lasting, then give it its names."""
        try:
            self._settle()
        except OSError as error:
            raise self._refused(error) from error

    def _take_small(self, data: bytes, expected: str) -> tuple[str, int]:
        found = sha256(data).hexdigest()
        _compare(found, expected)
        if not self._is_here(found):
            path = self._temporary()
            self._waiting[found] = path
            with _new(path) as file:
                file.write(data)
                _finish(file)
        return found, len(data)

    def _take_large(self, source: BinaryIO, size: int, expected: str) -> tuple[str, int]:
        path = self._temporary()
        try:
            with _new(path) as file:
                found, size = copy(source, file, size, lasting=True)
                _finish(file)
            _compare(found, expected)
            if self._is_here(found):
                path.unlink()
            else:
                self._waiting[found] = path
        except BaseException:
            _remove(path)
            raise
        return found, size

    def _is_here(self, found: str) -> bool:
        return found in self._waiting or self.store.renew(found)

    def _temporary(self) -> Path:
        self._written += 1
        return self._folders.make("tmp") / f"{self._prefix}-{self._written}"

    def _settle(self) -> None:
        if not self._waiting:
            return
        targets = {found: self.store.path(found) for found in self._waiting}
        for found in targets:
            self._folders.make("sha256", found[:2], found[2:4])
        for path in self._waiting.values():
            path.chmod(0o444)
        sync_all(self._waiting.values())
        for found, target in targets.items():
            self._waiting[found].replace(target)
        self._folders.sync(*{target.parent for target in targets.values()})
        self._waiting.clear()
        self._bytes = 0
        self.store.remember(targets)

    def _refused(self, error: OSError) -> StorageFailed:
        return StorageFailed(
            f"cannot keep an artifact in {self.store.root}: {error.strerror}",
            "free some space or check the permissions; nothing was lost",
        )


def _new(path: Path) -> BinaryIO:
    return path.open("x+b")


def _finish(file: BinaryIO) -> None:
    """Write all of a new file; on Windows only an open file can be made lasting."""
    file.flush()
    if os.name == "nt":
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def _compare(found: str, expected: str) -> None:
    if expected and found != expected:
        raise Damaged(f"the bytes are {found[:12]}, not {expected[:12]}")
