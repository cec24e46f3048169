"""The local store of artifact bytes: `sha256/ab/cd/<hex>` below one folder, written atomically."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from mlgit.artifacts.streams import copy, digest, open_file, steady
from mlgit.errors import Damaged, InvalidValue, NotFound, StorageFailed
from mlgit.times import random_bytes

_HEX = re.compile(r"[0-9a-f]{64}")


class ObjectCache:
    """Artifact bytes kept by content below `root`; the first implementation of `Remote`.

    An object is written to a temporary file, made durable and renamed; it is never changed
    afterwards and is verified on every read.
    """

    name = "this clone"

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Where an object of that digest is or would be.

        Raises:
            InvalidValue: It is not 64 lower-case hex digits.
        """
        if not _HEX.fullmatch(sha256):
            raise InvalidValue(f"not a sha256 digest: {sha256[:80]!r}")
        return self.root / "sha256" / sha256[:2] / sha256[2:4] / sha256

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
        if not self.verify(sha256):
            return False
        try:
            os.utime(self.path(sha256))
        except (FileNotFoundError, PermissionError):  # taken away just now; another user's
            return False
        return True

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
        try:
            with self._temporary() as file:
                found, size = copy(source, file, size)
                if expected and found != expected:
                    raise Damaged(f"the bytes are {found[:12]}, not {expected[:12]}")
                if not self.renew(found):
                    self._keep(file, found)
        except OSError as error:
            raise StorageFailed(
                f"cannot keep an artifact in {self.root}: {error.strerror}",
                "free some space or check the permissions; nothing was lost",
            ) from error
        return found, size

    @contextmanager
    def _temporary(self) -> Iterator[BinaryIO]:
        folder = make_folders(self.root, "tmp")
        path = folder / random_bytes(8).hex()
        try:
            with path.open("x+b") as file:
                yield file
        finally:
            with suppress(FileNotFoundError):
                path.unlink()

    def _keep(self, file: BinaryIO, sha256: str) -> None:
        """Make the temporary file durable and give it its name."""
        target = self.path(sha256)
        make_folders(self.root, "sha256", sha256[:2], sha256[2:4])
        file.flush()
        os.fsync(file.fileno())
        temporary = Path(file.name)
        temporary.chmod(0o444)
        temporary.replace(target)
        sync_folder(target.parent)


def make_folders(root: Path, *names: str) -> Path:
    """`root` with the folders below it, private, each a real one and lasting.

    Raises:
        StorageFailed: One of them is a symlink or something else; it would lead elsewhere.
    """
    path = root
    for name in ("", *names):
        path = path / name
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=not name, exist_ok=True)
            _open_as_above(path)
            sync_folder(path.parent)
        if path.is_symlink():
            raise StorageFailed(f"{path} is a symbolic link", "remove it: mlgit keeps data there")
    return path


def _open_as_above(path: Path) -> None:
    """Open a new folder to those whom the one above is open to, if that is a shared one."""
    above = path.parent.stat().st_mode
    if above & stat.S_ISGID:
        with suppress(PermissionError):  # another user was faster to make it
            path.chmod(above & 0o2777)


def sync_folder(path: Path) -> None:
    """Make the names in a folder lasting, where the system can."""
    if os.name == "nt":
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
