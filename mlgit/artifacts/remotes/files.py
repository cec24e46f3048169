"""The files of a place by their paths below its root."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from mlgit.artifacts.remote import Key
from mlgit.artifacts.remotes import looking, reading, writing
from mlgit.artifacts.remotes.calling import call
from mlgit.artifacts.remotes.connection import Connection
from mlgit.artifacts.remotes.failures import missing
from mlgit.artifacts.remotes.reading import PIECE

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.place import Head

__all__ = ["PIECE", "Files"]


class Files(Connection):
    """A place's files, read, listed, written, moved and removed."""

    def heads(self, names: Collection[str]) -> dict[str, Head]:
        """What the place says now of those of the files that are there.

        Raises:
            RemoteFailed: Not all could be asked.
            StorageFailed: There is no such place, or it lets nobody in.
        """
        return looking.heads(self, names)

    def key(self, name: str) -> Key | None:
        """One file as it is now; None where there is none."""
        found = self.heads([name]).get(name)
        return found and Key(name, found.size, found.modified)

    def keys(self, under: str) -> Iterator[Key]:
        """Every file below the folder `under`; none where there is no such folder.

        Raises:
            Unsupported: A web server lists nothing.
        """
        return looking.keys(self, under)

    def pieces_of(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file from `start` on, at most `PIECE` at a time.

        Raises:
            NotFound: There is no such file.
        """
        return reading.pieces_of(self, name, start)

    def read(self, name: str) -> bytes:
        """A small file.

        Raises:
            NotFound: There is none.
        """
        return b"".join(self.pieces_of(name))

    def writing(self) -> AbstractContextManager[None]:
        """The body writes.

        Raises:
            Unsupported: Nothing can be written there.
            StorageFailed: There is no such bucket or folder.
        """
        return writing.writing(self)

    def aside(self, name: str) -> AbstractContextManager[str]:
        """What the body writes, so that the file `name` is never seen half written."""
        return writing.aside(self, name)

    def write_at(self, name: str, data: bytes, sha256: str) -> str:
        """Write the bytes in one request; in the body of `writing`.

        Returns the digest that the place has computed of them, in hex, where it says one.
        """
        return writing.write_at(self, name, data, sha256)

    def write(self, name: str, data: bytes, sha256: str = "") -> None:
        """Write a small file, or replace it whole; a place that can refuses another digest."""
        with self.writing(), self.aside(name) as aside:
            self.write_at(aside, data, sha256)

    def move(self, old: str, new: str) -> None:
        """Give a file another path; at each moment it is whole at one of them, or at both.

        Raises:
            NotFound: There is no such file.
        """
        if self.key(old) is None:
            raise missing(self.name, old)
        with self.writing():
            writing.move(self, old, new)

    def remove(self, name: str) -> None:
        """Remove a file; it need not be there."""
        with self.writing(), suppress(FileNotFoundError):
            call(self.fs, "rm_file", self.path(name))
