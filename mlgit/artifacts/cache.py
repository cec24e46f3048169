"""The local store of artifact bytes: `sha256/ab/cd/<hex>` below one folder, written atomically."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlgit.artifacts.durable import make_folders, sync_folder
from mlgit.artifacts.intake import Intake
from mlgit.artifacts.stat_cache import seen
from mlgit.artifacts.streams import copy, digest, open_file, steady
from mlgit.errors import Damaged, InvalidValue, NotFound

if TYPE_CHECKING:
    from mlgit.artifacts.stat_cache import StatCache

__all__ = ["ObjectCache", "make_folders", "sync_folder"]

_HEX = re.compile(r"[0-9a-f]{64}")


class ObjectCache:
    """Artifact bytes kept by content below `root`; the first implementation of `Remote`.

    An object is written to a temporary file, made durable and renamed; it is never changed
    afterwards and is verified on every read. With the digests `known`, an object that nobody
    touched since it was written or verified is not read again only to be kept once more.
    """

    name = "this clone"

    def __init__(self, root: Path, known: StatCache | None = None) -> None:
        self.root, self.known = root, known

    def path(self, sha256: str) -> Path:
        """Where an object of that digest is or would be.

        Raises:
            InvalidValue: It is not 64 lower-case hex digits.
        """
        return Path(self._at(sha256))

    def _at(self, sha256: str) -> str:
        """`path` as text: for a thousand files the difference is felt."""
        if not _HEX.fullmatch(sha256):
            raise InvalidValue(f"not a sha256 digest: {sha256[:80]!r}")
        return f"{self.root}/sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def has(self, sha256: str) -> bool:
        """Whether an object of that name is here (its bytes are not read)."""
        path = self.path(sha256)
        return path.is_file() and not path.is_symlink()

    def verify(self, sha256: str) -> bool:
        """Whether the object is here and its bytes have that digest."""
        try:
            with self.open(sha256):
                return True
        except (NotFound, Damaged):
            return False

    def renew(self, sha256: str) -> bool:
        """Whether the object is here and whole; then it is as new to `mlgit gc`, which waits."""
        path = self._at(sha256)
        if not (os.path.lexists(path) and (self._is_untouched(sha256) or self.verify(sha256))):
            return False
        try:
            os.utime(path)
        except (FileNotFoundError, PermissionError):  # taken away just now; another user's
            return False
        self.remember([sha256])
        return True

    def _is_untouched(self, sha256: str) -> bool:
        path = self._at(sha256)
        with suppress(FileNotFoundError, NotADirectoryError):
            return (
                self.known is not None and self.known.digest(seen(path, os.lstat(path))) == sha256
            )
        return False

    def remember(self, digests: Iterable[str]) -> None:
        """Note that these objects were found or written whole just now."""
        if self.known is None:
            return
        for sha256 in digests:
            path = self._at(sha256)
            with suppress(FileNotFoundError):
                self.known.remember_own(seen(path, os.lstat(path)), sha256)

    def intake(self) -> Intake:
        """To keep several objects together, which is faster; see there."""
        return Intake(self)

    def open(self, sha256: str) -> BinaryIO:
        """The object's file, read through once and found whole, at its beginning.

        Raises:
            NotFound: It is not here.
            Damaged: Its bytes do not have that digest.
        """
        file = self._opened(sha256)
        try:
            found, _ = digest(file)
            if found != sha256:
                raise self._damaged(sha256, "its bytes are not those it is named for")
            file.seek(0)
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                raise self._damaged(sha256, str(error)) from error
            raise
        return file

    def put_file(self, source: Path, *, follow: bool = False) -> tuple[str, int]:
        """Keep a copy of the file; (sha256, size).

        Raises:
            NotFound, InvalidValue, InvalidState: No such file, no regular file, it changed.
            StorageFailed: The disk refused.
        """
        with steady(source, follow=follow) as file:
            return self._put(file, "", os.fstat(file.fileno()).st_size)

    def put_bytes(self, data: bytes) -> tuple[str, int]:
        """Keep the bytes; (sha256, size)."""
        return self._put(BytesIO(data), "", len(data))

    def put(self, sha256: str, source: Path) -> None:
        """Keep the file `source`, which must have that digest (see `Remote.put`)."""
        self.path(sha256)
        with steady(source) as file:
            self._put(file, sha256, os.fstat(file.fileno()).st_size)

    def get(self, sha256: str, target: BinaryIO) -> None:
        """Write the object's bytes into `target`, verified (see `Remote.get`)."""
        with self._opened(sha256) as file:
            found, _ = copy(file, target)
        if found != sha256:
            raise self._damaged(sha256, "its bytes are not those it is named for")

    def _opened(self, sha256: str) -> BinaryIO:
        path = self.path(sha256)
        try:
            return open_file(path)
        except FileNotFoundError as error:
            raise NotFound(f"no object {sha256[:12]} in {self.root}", sha256=sha256) from error
        except InvalidValue as error:
            raise self._damaged(sha256, error.message) from error
        except OSError as error:
            raise self._damaged(sha256, str(error.strerror)) from error

    def _damaged(self, sha256: str, reason: str) -> Damaged:
        path = self.path(sha256)
        return Damaged(
            f"{path} is damaged: {reason}",
            "log the artifact again, or fetch it from a remote",
            path=str(path),
            reason=reason,
        )

    def _put(self, source: BinaryIO, expected: str, size: int) -> tuple[str, int]:
        with self.intake() as intake:
            return intake.take(source, size, expected)
