"""Which objects of a remote are in bundles: the directory of each is read once and kept here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from mlgit.artifacts.bundles.archive import (
    FOLDER,
    LARGEST,
    TAIL,
    bundle_at,
    contents,
    digest_of,
    lines_of,
)
from mlgit.artifacts.remote import Key, Span, Where
from mlgit.errors import Damaged, NotFound
from mlgit.times import random_bytes

_READERS = 8


class Shelf(Protocol):
    """What is asked of a place that may have bundles."""

    def keys(self, under: str) -> Iterator[Key]:
        """Every file below a folder."""

    def pieces_of(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file from `start` on."""


class BundleIndex:
    """What a place's bundles hold; many threads may use it, and none waits for another.

    Args:
        shelf: The place.
        memory: A folder to keep directories in that were read, of any place; it may be deleted at
            any time, and be missing.
    """

    def __init__(self, shelf: Shelf, memory: Path | None) -> None:
        self._shelf, self._memory = shelf, memory
        self._held: dict[str, dict[str, Span]] = {}
        self._found: dict[str, Where] | None = None

    def look(self) -> dict[str, Where]:
        """What is in bundles now, by digest.

        Raises:
            RemoteFailed, StorageFailed: The place did not answer; nothing is known.
        """
        there = {name: key for key in self._shelf.keys(FOLDER) if (name := bundle_at(key.name))}
        unknown = [name for name in there if name not in self._held]
        with ThreadPoolExecutor(_READERS) as pool:
            for name, held in zip(
                unknown, pool.map(self._read, [there[name] for name in unknown]), strict=True
            ):
                if held:
                    self._held[name] = held
        found = {
            sha256: Where(name, span)
            for name in there
            for sha256, span in self._held.get(name, {}).items()
        }
        self._found = found
        return found

    def find(self, sha256: str) -> Where | None:
        """Where an object is, as far as was known at the first question; raises as `look`."""
        found = self._found
        return (self.look() if found is None else found).get(sha256)

    def find_anew(self, sha256: str) -> Where | None:
        """Where an object is now; raises as `look`."""
        return self.look().get(sha256)

    def _read(self, key: Key) -> dict[str, Span]:
        """The directory of one bundle; empty for one that is damaged or gone."""
        bundle = bundle_at(key.name)
        known = self._remembered(bundle)
        if known is None:
            try:
                known = self._asked(key)
            except (Damaged, NotFound):
                return {}
            self._remember(bundle, known)
        return known

    def _asked(self, key: Key) -> dict[str, Span]:
        if key.size > LARGEST:
            raise Damaged(f"no bundle has {key.size:,} bytes")
        start = max(0, key.size - TAIL)
        tail = _at_most(self._shelf.pieces_of(key.name, start), TAIL)
        return contents(tail, start + len(tail))

    def _remembered(self, bundle: str) -> dict[str, Span] | None:
        """What was kept of it; a power cut may have left half of that, which is not believed."""
        if self._memory is None:
            return None
        try:
            digest, *lines = (self._memory / bundle).read_text("ascii").splitlines()
            spans = (line.split(" ") for line in lines)
            found = {sha256: Span(int(start), int(size)) for sha256, start, size in spans}
        except (OSError, ValueError):
            return None
        return found if digest == digest_of(found) else None

    def _remember(self, bundle: str, spans: dict[str, Span]) -> None:
        if self._memory is None:
            return
        text = "".join([f"{digest_of(spans)}\n", *lines_of(spans)])
        with suppress(OSError):  # it is read again next time
            self._memory.mkdir(parents=True, exist_ok=True)
            temporary = self._memory / f"{bundle}.{random_bytes(6).hex()}"
            temporary.write_text(text, "ascii")
            temporary.replace(self._memory / bundle)


def _at_most(pieces: Iterable[bytes], most: int) -> bytes:
    found = b""
    for piece in pieces:
        found += piece
        if len(found) > most:
            raise Damaged("a bundle that grows while it is read")
    return found
