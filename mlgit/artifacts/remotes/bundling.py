"""A remote where each request costs: small objects are kept there many in one file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256 as new_digest
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.artifacts.bundles.archive import FEWEST, LARGEST, SMALL, bundle_of, contents, file_of
from mlgit.artifacts.bundles.index import BundleIndex
from mlgit.artifacts.remotes.failures import missing
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote, name_of
from mlgit.errors import Damaged, NotFound

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Where
    from mlgit.artifacts.remotes.place import Place


class BundlingRemote(FsspecRemote):
    """Objects below `sha256/ab/cd/` and in `bundles/`; also a `Bundling`.

    Where an object is in both, one whole copy is enough.

    Args:
        name, url, place: As of any remote.
        memory: A folder to keep directories of bundles in; read again each time where None.
    """

    def __init__(self, name: str, url: str, place: Place, memory: Path | None = None) -> None:
        super().__init__(name, url, place)
        self._index = BundleIndex(self, memory)

    def bundled(self, digests: Collection[str]) -> dict[str, Where]:
        """Those of `digests` that are in bundles now; raises as `sizes`."""
        there = self._index.look()
        return {sha256: there[sha256] for sha256 in digests if sha256 in there}

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        """Those of `digests` that are there now, alone or in a bundle; see `SharedRemote`."""
        alone, together = super().sizes, self._sizes_in_bundles
        first, then = (together, alone) if len(digests) >= FEWEST else (alone, together)
        found = first(digests)
        left = [sha256 for sha256 in digests if sha256 not in found]
        return {**found, **then(left)} if left else found

    def _sizes_in_bundles(self, digests: Collection[str]) -> dict[str, int]:
        return {sha256: where.span.size for sha256, where in self.bundled(digests).items()}

    def put_bundle(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """Keep these objects in one file; when this returns, the place holds it whole.

        Raises:
            RemoteFailed, StorageFailed, Unsupported: It is not there.
        """
        data = bundle_of(objects)
        self.write_checked(file_of(new_digest(data).hexdigest()), data)

    def open_bundle(self, bundle: str) -> dict[str, bytes]:
        """The whole objects of a bundle by digest; damaged ones are left out.

        Raises:
            NotFound: There is no such bundle.
        """
        data = b""
        for piece in self.pieces_of(file_of(bundle)):
            data += piece
            if len(data) > LARGEST:
                return {}
        try:
            spans = contents(data, len(data))
        except Damaged:
            return {}
        found = {sha256: data[start : start + size] for sha256, (start, size) in spans.items()}
        return {sha256: data for sha256, data in found.items() if _is(sha256, data)}

    def pieces(self, sha256: str, start: int) -> Iterator[bytes]:
        """The object's bytes from `start` on; of small ones the copy that is whole, if any is."""
        alone = super().pieces(sha256, start)
        try:
            head = next(alone, b"")
        except NotFound:
            yield self._from_bundle(sha256)[start:]
            return
        if start or len(head) > SMALL:
            yield head
            yield from alone
            return
        data = head + b"".join(alone)
        yield data if _is(sha256, data) else self._from_bundle(sha256, data)

    def _from_bundle(self, sha256: str, otherwise: bytes | None = None) -> bytes:
        """The object's bytes in a bundle; where none has them whole, what is nearest to it.

        Raises:
            NotFound: No bundle has it, and there is no `otherwise`.
        """
        for find in (self._index.find, self._index.find_anew):  # it may have been moved
            where = find(sha256)
            if where is not None:
                with suppress(NotFound):
                    found = self._cut(where)
                    if _is(sha256, found):
                        return found
                    otherwise = found if otherwise is None else otherwise
        if otherwise is None:
            raise missing(self.name, name_of(sha256))
        return otherwise

    def _cut(self, where: Where) -> bytes:
        found, (start, size) = b"", where.span
        for piece in self.pieces_of(file_of(where.bundle), start):
            found += piece
            if len(found) >= size:
                break
        return found[:size]

    def verify(self, sha256: str) -> bool:
        """Whether a copy of the object is there whole; all of it is read."""
        with suppress(NotFound):
            return _is(sha256, self._from_bundle(sha256)) or super().verify(sha256)
        return super().verify(sha256)


def _is(sha256: str, data: bytes) -> bool:
    return new_digest(data).hexdigest() == sha256
