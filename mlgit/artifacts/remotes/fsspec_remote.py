"""A remote over fsspec: objects by digest, verified before anything is claimed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from hashlib import sha256 as new_digest
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlgit.artifacts.remotes.files import PIECE, Files
from mlgit.artifacts.remotes.sending import send
from mlgit.artifacts.streams import steady
from mlgit.errors import Damaged, InvalidValue, MlgitError, NotFound, RemoteFailed

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.place import Head, Place

_HEX = re.compile(r"[0-9a-f]{64}")


class FsspecRemote(Files):
    """Objects below `sha256/ab/cd/` of a place; a `SharedRemote`, `Ranged` and `Collectable`."""

    def __init__(self, name: str, url: str, place: Place) -> None:
        super().__init__(name, place)
        self.url = url

    def has(self, sha256: str) -> bool:
        """Whether an object of that name is there (its bytes are not read)."""
        return bool(self.sizes([sha256]))

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        """Those of `digests` that are there now, with their sizes in bytes; asked anew.

        Raises:
            RemoteFailed, StorageFailed: Not all could be asked; nothing is known.
        """
        names = {name_of(sha256): sha256 for sha256 in digests}
        return {names[name]: head.size for name, head in self.heads(names).items()}

    def put(self, sha256: str, source: Path, told: Callable[[int], object] | None = None) -> None:
        """Keep the file `source`; when this returns, the place has been found to hold it whole.

        Raises:
            Damaged: `source` does not have that digest; nothing was sent.
            RemoteFailed, StorageFailed, Unsupported: It is not there.
        """
        name, (size, data) = name_of(sha256), _looked_through(sha256, source)
        if (self.place.renames or not data) and self._keeps(name, sha256, size):
            return  # a small one is sent again sooner than asked for

        def write(aside: str) -> str:
            if data or not size:
                return self.write_at(aside, data, sha256)
            return send(self, aside, source, size, told)

        self._keep(name, sha256, size, write)
        if told:
            told(size)

    def write_checked(self, name: str, data: bytes) -> None:
        """Write a file of at most `PIECE` bytes; when this returns, the place holds it whole.

        Raises:
            RemoteFailed, StorageFailed, Unsupported: It is not there.
        """
        sha256 = new_digest(data).hexdigest()
        self._keep(name, sha256, len(data), lambda aside: self.write_at(aside, data, sha256))

    def _keep(self, name: str, sha256: str, size: int, write: Callable[[str], str]) -> None:
        """Let `write` write a file, which gives the digest that the place has computed, or ""."""
        with self.writing(), self.aside(name) as aside:
            if write(aside) != sha256:
                self._check(aside, sha256, size)
        if self.place.renames:
            found = self.key(name)
            if found is None or found.size != size:
                raise self._not_held(sha256)

    def _keeps(self, name: str, sha256: str, size: int) -> bool:
        head = self.heads([name]).get(name)
        return head is not None and head.size == size and self._same(name, head, sha256)

    def _same(self, name: str, head: Head, sha256: str) -> bool:
        """Whether a file has that digest, by the place's own word where it gives one."""
        return (head.sha256 or self._digest(name)) == sha256

    def _digest(self, name: str) -> str:
        found = new_digest()
        for piece in self.pieces_of(name):
            found.update(piece)
        return found.hexdigest()

    def _check(self, name: str, sha256: str, size: int) -> None:
        """Raise RemoteFailed, and leave nothing, where the place does not hold what was sent."""
        try:
            head = self.heads([name]).get(name) if size > PIECE else None
            if size > PIECE:
                whole = head is not None and head.size == size and self._same(name, head, sha256)
            else:
                whole = self._digest(name) == sha256
        except NotFound:
            whole = False
        if not whole:
            with suppress(MlgitError):
                self.remove(name)
            raise self._not_held(sha256)

    def _not_held(self, sha256: str) -> RemoteFailed:
        return RemoteFailed(
            f"{self.name} does not hold what was sent to it ({sha256[:12]})",
            "try again; if it stays so, do not trust that place",
            remote=self.name,
            said="other bytes came back",
        )

    def get(self, sha256: str, target: BinaryIO) -> None:
        """Write the object's bytes into the empty file `target`, verified.

        Raises:
            NotFound: There is no such object.
            Damaged: Its bytes do not have that digest; what is in `target` is worthless.
        """
        found = new_digest()
        for piece in self.pieces(sha256, 0):
            found.update(piece)
            target.write(piece)
        if found.hexdigest() != sha256:
            raise self._damaged(sha256)

    def pieces(self, sha256: str, start: int) -> Iterator[bytes]:
        """The object's bytes from `start` on, some MiB at a time; nothing is verified.

        Raises:
            NotFound: There is no such object.
        """
        return self.pieces_of(name_of(sha256), start)

    def verify(self, sha256: str) -> bool:
        """Whether the object is there and its bytes, all of them read, have that digest."""
        try:
            return self._digest(name_of(sha256)) == sha256
        except NotFound:
            return False

    def _damaged(self, sha256: str) -> Damaged:
        return Damaged(
            f"{sha256[:12]} in {self.name} is damaged: its bytes are not those it is named for",
            "put it there again from a clone that has it",
            path=name_of(sha256),
            reason="other bytes",
        )


def name_of(sha256: str) -> str:
    """Where an object is, below the root of a remote.

    Raises:
        InvalidValue: It is not 64 lower-case hex digits.
    """
    if not _HEX.fullmatch(sha256):
        raise InvalidValue(f"not a sha256 digest: {sha256[:80]!r}")
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _looked_through(sha256: str, source: Path) -> tuple[int, bytes]:
    """The size of a file that has that digest, and its bytes where they are at most `PIECE`."""
    with steady(source) as file:
        data = file.read(PIECE)
        found, size = new_digest(data), len(data)
        while piece := file.read(PIECE):
            found.update(piece)
            size += len(piece)
    if found.hexdigest() != sha256:
        raise Damaged(f"{source} has not the bytes of {sha256[:12]}", path=str(source))
    return size, data if size <= PIECE else b""
