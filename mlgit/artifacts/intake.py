"""Objects taken into a local store together: written, made durable, and only then named."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlgit.artifacts.durable import Folders, sync_all
from mlgit.artifacts.stat_cache import seen
from mlgit.artifacts.streams import CHUNK, NO_FOLLOW, copy
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
        self._disk: int | None = None  # its folder of temporary files, open
        self._waiting: dict[str, str] = {}  # sha256 -> temporary file

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
            if self._disk is not None:
                os.close(self._disk)

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
            path = self._waiting[found] = self._temporary()
            number = _new(path)
            try:
                _write(number, data)
                _finish(number)
            finally:
                os.close(number)
        return found, len(data)

    def _take_large(self, source: BinaryIO, size: int, expected: str) -> tuple[str, int]:
        path = self._temporary()
        try:
            with os.fdopen(_new(path), "w+b") as file:
                found, size = copy(source, file, size, lasting=True)
                file.flush()
                _finish(file.fileno())
            _compare(found, expected)
            if self._is_here(found):
                _remove(path)
            else:
                self._waiting[found] = path
        except BaseException:
            _remove(path)
            raise
        return found, size

    def _is_here(self, found: str) -> bool:
        return found in self._waiting or self.store.renew(found)

    def _temporary(self) -> str:
        folder = self._folders.make("tmp")
        if self._disk is None and os.name != "nt":
            self._disk = os.open(folder, os.O_RDONLY)
        self._written += 1
        return f"{folder}/{self._prefix}-{self._written}"

    def _settle(self) -> None:
        if not self._waiting:
            return
        folders = {
            found: self._folders.make("sha256", found[:2], found[2:4]) for found in self._waiting
        }
        sync_all(self._waiting.values(), self._disk)
        for found, path in self._waiting.items():
            os.replace(path, f"{folders[found]}/{found}")  # noqa: PTH105 - a thousand at once
        self._folders.sync(*folders.values(), disk=self._disk)
        self._waiting.clear()
        self._bytes = 0
        self.store.remember(folders)

    def _refused(self, error: OSError) -> StorageFailed:
        return StorageFailed(
            f"cannot keep an artifact in {self.store.root}: {error.strerror}",
            "free some space or check the permissions; nothing was lost",
        )


def _new(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_FOLLOW | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o600)


def _write(number: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(number, rest) :]


def _finish(number: int) -> None:
    """Nobody may write this file any more; on Windows only an open one can be made lasting."""
    if os.name == "nt":
        os.fsync(number)
    else:
        os.fchmod(number, 0o444)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - a thousand at once


def _compare(found: str, expected: str) -> None:
    if expected and found != expected:
        raise Damaged(f"the bytes are {found[:12]}, not {expected[:12]}")
