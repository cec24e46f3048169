"""What was read of a repository's objects, kept for the next question.

An id names content, so nothing here goes stale. That an object is remembered says nothing of the
disk, though: who asks whether it is still there must `forget` first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlgit.git.oid import BLOB

if TYPE_CHECKING:
    from mlgit.git.commit_info import CommitInfo
    from mlgit.git.oid import Oid

Listing = Mapping[bytes, tuple[int, "Oid"]]

_OBJECTS = 512  # trees and commits; the upper levels of a store are read for every path
_SIZE = 1 << 15  # bytes; a bigger object is not kept
_LISTINGS = 4096


class Memory:
    """Small objects that are no blobs, parsed trees, and the commit that was asked for last."""

    def __init__(self) -> None:
        self.objects: OrderedDict[Oid, tuple[int, bytes]] = OrderedDict()
        self.listings: dict[Oid, Listing] = {}
        self.commit: tuple[Oid, CommitInfo] | None = None

    def keep(self, oid: Oid, value: tuple[int, bytes]) -> None:
        """Remember an object, unless it is a blob or big."""
        if value[0] != BLOB and len(value[1]) <= _SIZE:
            self.objects[oid] = value
            if len(self.objects) > _OBJECTS:
                self.objects.popitem(last=False)

    def keep_listing(self, oid: Oid, listing: Listing) -> None:
        """Remember a parsed tree, which nobody may change from now on."""
        if len(self.listings) >= _LISTINGS:
            self.listings.clear()
        self.listings[oid] = listing

    def forget(self) -> None:
        """Know nothing: what is asked for next comes from the disk."""
        self.objects.clear()
        self.listings.clear()
        self.commit = None
