"""Files of transfers that were broken off: in `tmp`, of our names, old, and held by nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.artifacts.remote import Key
from mlgit.holdings.gc.plan import DAY
from mlgit.holdings.gc.shelf import Shelf

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Collectable
    from mlgit.holdings.gc.plan import Wish

_is_ours = re.compile(
    r"tmp/("
    r"[0-9a-f]{16}-[0-9]+"  # being logged
    r"|[0-9a-f]{64}(\.[0-9a-f]{16})?\.part"  # being downloaded
    r"|[0-9a-f]{32}"  # being uploaded
    r")"
).fullmatch


class Leftover(NamedTuple):
    """One such file, and where it is."""

    place: Collectable
    key: Key


def leftovers(places: Iterable[Collectable], wish: Wish) -> list[Leftover]:
    """All of them that are old enough, and a day at least: some may wait that long to be done.

    Raises:
        RemoteFailed, StorageFailed: A place could not be listed.
    """
    before = min(wish.before, times.now_ms() / 1000 - DAY)
    return [
        Leftover(place, key)
        for place in places
        for key in place.keys("tmp")
        if _is_ours(key.name) and key.modified < before
    ]


def drop(found: Sequence[Leftover]) -> tuple[Leftover, ...]:
    """Remove those that nobody holds or has written to since; which they were.

    Raises:
        RemoteFailed, StorageFailed: A place refused.
    """
    return tuple(one for one in found if _drop(*one))


def _drop(place: Collectable, key: Key) -> bool:
    if isinstance(place, Shelf):
        return place.remove_unheld(key)
    unchanged = place.key(key.name) == key
    if unchanged:
        place.remove(key.name)
    return unchanged
