"""The seam to places that keep artifact bytes: what any of them must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable


class Remote(Protocol):
    """A place that keeps immutable objects named by the sha256 of their bytes."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def has(self, sha256: str) -> bool:
        """Whether an object of that name is there (its bytes are not read)."""

    def put(self, sha256: str, source: Path) -> None:
        """Keep the file `source`; when this returns, the object is whole and lasting.

        An object that is there already and whole is left alone, a damaged one is replaced.

        Raises:
            Damaged: `source` does not have that digest; nothing was kept.
            StorageFailed: The place refused.
        """

    def get(self, sha256: str, target: BinaryIO) -> None:
        """Write the object's bytes into the empty file `target`, verified.

        Raises:
            NotFound: There is no such object.
            Damaged: Its bytes do not have that digest; what is in `target` is worthless.
        """


class SharedRemote(Remote, Protocol):
    """A remote that other clones reach, too.

    Each method, also those of `Remote`, may be called by many threads at once. What fails raises
    RemoteFailed when it may work a moment later (no answer, a time-out, a busy server, a reply
    that was lost), and StorageFailed when the place refused and will again (no permission, no such
    bucket, no room): it is not asked a second time.
    """

    @property
    def url(self) -> str:
        """Where it is, as the settings of the store say it."""

    def put(self, sha256: str, source: Path, told: Callable[[int], object] | None = None) -> None:
        """As `Remote.put`; `told` hears the bytes sent so far, where the backend says so.

        What `told` raises ends the upload and is passed on.
        """

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        """Those of `digests` that are there now, with their sizes in bytes.

        The place is asked anew each time: a listing that was kept may be old.

        Raises:
            RemoteFailed: The place did not answer; nothing is known.
        """

    def verify(self, sha256: str) -> bool:
        """Whether the object is there and its bytes, all of them read, have that digest.

        Raises:
            RemoteFailed: The place did not answer; nothing is known.
        """


@runtime_checkable
class Ranged(Protocol):
    """What a remote can do beside, so that a broken download goes on where it stopped."""

    def pieces(self, sha256: str, start: int) -> Iterator[bytes]:
        """The object's bytes from `start` on, some MiB at a time; nothing is verified.

        Nothing comes when `start` is at its end or after it.

        Raises:
            NotFound: There is no such object.
            RemoteFailed, StorageFailed: As `SharedRemote` says; what came before is kept.
        """


class Span(NamedTuple):
    """Where an object is in a bundle: its first byte, and how many."""

    start: int
    size: int


class Where(NamedTuple):
    """The bundle, by its digest, that an object is in, and its place there."""

    bundle: str
    span: Span


@runtime_checkable
class Bundling(Protocol):
    """What a remote can do beside where each request costs: small objects, many in one file.

    What fails raises as in `SharedRemote`.
    """

    def bundled(self, digests: Collection[str]) -> Mapping[str, Where]:
        """Those of `digests` that are in bundles now, and where."""

    def put_bundle(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """Keep these objects, named by digest, in one file, whole when this returns."""

    def open_bundle(self, bundle: str) -> dict[str, bytes]:
        """The objects of a bundle that are whole, by digest.

        Raises:
            NotFound: There is no such bundle.
        """


class Key(NamedTuple):
    """One file of a place.

    Attributes:
        name: Its path below the root, such as `trash/2026-11-23/sha256/ab/cd/<hex>`.
        size: Bytes.
        modified: Seconds since 1970 UTC when it was put there, by the place's clock.
    """

    name: str
    size: int
    modified: float


@runtime_checkable
class Collectable(Protocol):
    """A place that `mlgit gc` can clean up: its files by their paths below the root.

    What fails raises as in `SharedRemote`.
    """

    @property
    def name(self) -> str:
        """What messages call it."""

    def verify(self, sha256: str) -> bool:
        """Whether that object is there and whole; all of it is read."""

    def keys(self, under: str) -> Iterator[Key]:
        """Every file below the folder `under`; none where there is no such folder."""

    def key(self, name: str) -> Key | None:
        """One file as it is now; None where there is none."""

    def move(self, old: str, new: str) -> None:
        """Give a file another path; at each moment it is whole at one of them, or at both.

        Raises:
            NotFound: There is no such file.
        """

    def remove(self, name: str) -> None:
        """Remove a file; it need not be there."""

    def read(self, name: str) -> bytes:
        """A small file.

        Raises:
            NotFound: There is none.
        """

    def write(self, name: str, data: bytes) -> None:
        """Write a small file, or replace it whole."""
