"""A file on its way to an LFS server: hashed as it is read, so that wrong bytes never arrive."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from mlgit.artifacts.streams import CHUNK, open_file
from mlgit.errors import Damaged, InvalidState, NotFound, StorageFailed


class Sending:
    """The readable file that a request sends; a context manager that closes it.

    Its last bytes are handed out only when all of them have the digest: a request that ends
    before its announced length keeps nothing.
    """

    def __init__(self, path: Path, digest: str, told: Callable[[int], object] | None) -> None:
        """Open it.

        Raises:
            NotFound, StorageFailed: It is not there, or cannot be read.
        """
        self._path, self._digest, self._told = path, digest, told
        self._file = _opened(path)
        self.size = self._file.seek(0, 2)
        self.again()

    def __enter__(self) -> Sending:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def again(self) -> Sending:
        """The same file from its beginning, for another try."""
        self._file.seek(0)
        self._hash, self._sent = sha256(), 0
        return self

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            Damaged: All were read, and they do not have the digest.
            InvalidState: There are fewer than there were.
            StorageFailed: The disk refused.
        """
        if self._told:
            self._told(self._sent)
        left = self.size - self._sent
        try:
            data = self._file.read(left if size < 0 else min(size, left))
        except OSError as error:
            raise StorageFailed(f"cannot read {self._path}: {error.strerror}") from error
        self._hash.update(data)
        self._sent += len(data)
        if left and not data:
            raise InvalidState(f"{self._path} changed while it was sent", "run it again")
        if self._sent == self.size and self._hash.hexdigest() != self._digest:
            found = self._hash.hexdigest()[:12]
            raise Damaged(f"{self._path} has the digest {found}, not {self._digest[:12]}")
        return data

    def read_all(self) -> None:
        """Read it to the end, for its digest.

        Raises:
            As `read`.
        """
        while self.read(CHUNK):
            pass


def _opened(path: Path) -> BinaryIO:
    try:
        return open_file(path)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", path=str(path)) from error
    except OSError as error:
        raise StorageFailed(f"cannot read {path}: {error.strerror}", path=str(path)) from error
