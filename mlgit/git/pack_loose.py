"""Packing without the git program: the loose objects of one branch become a pack."""

from __future__ import annotations

import heapq
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mlgit.errors import Damaged, NotFound
from mlgit.git.loose import loose_path, read_loose
from mlgit.git.objects import Objects
from mlgit.git.oid import COMMIT, TREE, Oid, object_id
from mlgit.git.pack import PackWriter, release, remove_read_only
from mlgit.git.pack_index import read_index

_PATIENCE = 1000  # packed commits in a row after which no loose one is expected


def pack_loose(objects: Objects, tip: Oid) -> Path | None:
    """Move the loose objects that `tip` reaches into a new pack; its path, None if there are none.

    A loose file is removed only when the pack is durable and has given the object back.

    Raises:
        Damaged: A packed object of the branch, or the new pack, cannot be read.
        OSError: The disk refused.
    """
    with PackWriter(Path(objects.directory)) as writer:
        _LoosePacker(objects, writer).add_history(tip)
        pack = writer.finish()
    if pack is not None:
        _verify(pack)
        for place in read_index(pack.with_suffix(".idx"))[0]:
            path = loose_path(objects.directory, place.id.hex().encode())
            remove_read_only(Path(path))
        release(pack)
    return pack


class _LoosePacker:
    """Feeds a pack with loose objects, each tree beside the next newer one of its path."""

    def __init__(self, objects: Objects, writer: PackWriter) -> None:
        self._objects = objects
        self._writer = writer
        self._met: set[Oid] = set()

    def add_history(self, tip: Oid) -> None:
        """Add what commits from `tip` backwards introduce, newest first."""
        newer: Oid | None = None
        packed_in_a_row = 0
        for oid, tree in _newest_first(self._objects, tip):
            data = self._loose(oid)
            packed_in_a_row = 0 if data else packed_in_a_row + 1
            if packed_in_a_row > _PATIENCE:
                break
            if data:
                self._writer.add(COMMIT, data[1])
                self._add_tree(tree, newer)
            newer = tree

    def _add_tree(self, root: Oid, newer_root: Oid | None) -> None:
        waiting = [(root, newer_root)]
        while waiting:
            oid, newer = waiting.pop()
            found = None if oid in self._met else self._loose(oid)
            self._met.add(oid)
            if found is not None:
                kind, data = found
                self._writer.add(kind, data, newer)
                waiting += self._changed_entries(oid, newer) if kind == TREE else ()

    def _changed_entries(self, oid: Oid, newer: Oid | None) -> Iterator[tuple[Oid, Oid | None]]:
        """Entries of a tree that the newer one has not, with what stands there in the newer."""
        beside = {}
        if newer is not None:
            with suppress(Damaged, NotFound):
                beside = self._objects.tree(newer)
        for name, entry in self._objects.tree(oid).items():
            other = beside.get(name)
            if other != entry:
                yield entry[1], other[1] if other else None

    def _loose(self, oid: Oid) -> tuple[int, bytes] | None:
        try:
            return read_loose(self._objects.directory, oid)
        except Damaged:
            return None  # it stays where it is, for `doctor` to find


def _newest_first(objects: Objects, tip: Oid) -> Iterator[tuple[Oid, Oid]]:
    """Each commit that `tip` reaches and its tree, by falling commit time."""
    met = {tip}
    waiting: list[tuple[int, Oid, Oid, tuple[Oid, ...]]] = []
    fresh: tuple[Oid, ...] = (tip,)
    while fresh or waiting:
        for oid in fresh:
            with suppress(NotFound):  # the history of a shallow clone ends here
                commit = objects.commit(oid)
                entry = (-commit.commit_time, oid, commit.tree, commit.parents)
                heapq.heappush(waiting, entry)
        if not waiting:
            return
        _, oid, tree, parents = heapq.heappop(waiting)
        yield oid, tree
        fresh = tuple(parent for parent in parents if parent not in met)
        met.update(fresh)


def _verify(pack: Path) -> None:
    """Read every object back from a pack.

    Raises:
        Damaged: One is not what its name says.
    """
    from dulwich.object_format import SHA1
    from dulwich.objects import ObjectID
    from dulwich.pack import Pack

    places = sorted(read_index(pack.with_suffix(".idx"))[0], key=lambda place: place.offset)
    with Pack(os.fspath(pack.with_suffix("")), object_format=SHA1) as packed:
        for place in places:
            oid = place.id.hex().encode()
            try:
                whole = object_id(*packed.get_raw(ObjectID(oid))) == oid
            except (zlib.error, ValueError, KeyError, AssertionError):
                whole = False
            if not whole:
                raise Damaged(
                    "the disk did not give back what was packed; the loose objects are kept",
                    "check the disk",
                    path=os.fspath(pack),
                    reason=f"object {oid.decode()[:12]}",
                )
