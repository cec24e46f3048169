"""Bundles of a remote as the clean-up sees them: what is in each, and one written anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256 as new_digest
from typing import TYPE_CHECKING, Protocol, TypeGuard, runtime_checkable

from mlgit.artifacts.bundles.archive import (
    FOLDER,
    LARGEST,
    TAIL,
    bundle_at,
    bundle_of,
    contents,
    file_of,
)
from mlgit.artifacts.remote import Bundling, Collectable
from mlgit.errors import Damaged, NotFound

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Key

_READERS = 8


@runtime_checkable
class Place(Collectable, Bundling, Protocol):
    """A remote with bundles that can be cleaned up."""

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        """Those that are there now, alone or in a bundle."""

    def pieces_of(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file from `start` on."""


def has_bundles(place: Collectable) -> TypeGuard[Place]:
    """Whether a place keeps small objects in bundles."""
    return isinstance(place, Place)


def bundles_in(place: Place) -> list[Key]:
    """The bundles of a place that are in use."""
    return [key for key in place.keys(FOLDER) if bundle_at(key.name)]


def all_members(place: Place, keys: Sequence[Key]) -> list[Mapping[str, int]]:
    """Digest -> size of what is in each of the bundles; nothing where that cannot be known.

    Raises:
        RemoteFailed, StorageFailed: The place did not answer.
    """
    from concurrent.futures import ThreadPoolExecutor

    if not keys:
        return []
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda key: _members(place, key), keys))


def _members(place: Place, key: Key) -> Mapping[str, int]:
    with suppress(Damaged, NotFound):
        start = max(0, key.size - TAIL)
        if key.size <= LARGEST:
            tail = b"".join(place.pieces_of(key.name, start))
            return {one: span.size for one, span in contents(tail, start + len(tail)).items()}
    return {}


def write_anew(place: Place, bundle: str, live: Collection[str]) -> bool:
    """Write a bundle of those objects of another that are `live`, and read it again.

    Returns whether each of them is whole elsewhere now; else the other must stay.

    Raises:
        NotFound: There is no such bundle.
        RemoteFailed, StorageFailed: The place refused, or did not answer.
    """
    found = place.open_bundle(bundle)
    whole = [(one, found[one]) for one in live if one in found]
    if len(whole) < len(live):
        return False
    place.put_bundle(whole)
    made = new_digest(bundle_of(whole)).hexdigest()
    return made != bundle and place.open_bundle(made).keys() >= set(live)


def are_elsewhere(place: Place, digests: Collection[str]) -> bool:
    """Whether all of these objects are there, whole, alone or in a bundle that is in use.

    Raises:
        RemoteFailed, StorageFailed: The place did not answer.
    """
    homes = place.bundled(digests)
    whole: set[str] = set()
    for bundle in {where.bundle for where in homes.values()}:
        with suppress(NotFound):
            whole.update(place.open_bundle(bundle))
    return all(one in whole or place.verify(one) for one in digests)


def is_whole(place: Place, bundle: str) -> bool:
    """Whether that bundle is in use and its bytes, all of them read, are those it is named for."""
    found = new_digest()
    try:
        for piece in place.pieces_of(file_of(bundle)):
            found.update(piece)
    except NotFound:
        return False
    return found.hexdigest() == bundle
