"""Several packs as one in which every tree is a difference to the next newer one of its path.

A pack of a few commits has to hold the big trees of an old store whole, so that in it each run
takes several times the space it takes among thousands.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.git.oid import COMMIT, TREE, Oid, object_id
from mlgit.git.pack import PackWriter, release
from mlgit.git.pack_file import PackFile
from mlgit.git.pack_index import read_index
from mlgit.git.pack_removal import remove_packs

if TYPE_CHECKING:
    from mlgit.git.objects import Objects

_parent = re.compile(rb"^parent ([0-9a-f]{40})$", re.MULTILINE)
_time = re.compile(rb"^committer .*> (\d{1,15}) [+-]\d{4}$", re.MULTILINE)


class _Commit(NamedTuple):
    """A commit as far as the order of packing needs it."""

    data: bytes
    tree: Oid
    parents: tuple[Oid, ...]
    seconds: int


def pack_densely(objects: Objects, packs: Iterable[Path]) -> Path | None:
    """A new, guarded pack with every object of some packs, which stay where they are.

    It is read back before it is returned.

    Raises:
        Damaged: An object of those packs, or the new pack, cannot be read.
        OSError: The disk refused, or a pack is gone.
    """
    with ExitStack() as opened:
        places: dict[Oid, tuple[PackFile, int]] = {}
        for pack in packs:
            file = opened.enter_context(closing(PackFile(os.fspath(pack.with_suffix("")))))
            for place in sorted(read_index(pack.with_suffix(".idx"))[0], key=attrgetter("offset")):
                places[place.id.hex().encode()] = file, place.offset
        writer = opened.enter_context(PackWriter(Path(objects.directory), objects.shared))
        _DensePacker(objects, places, writer).add_all()
        made = writer.finish()
    if made is not None and not _gives_back(made, places.keys()):
        remove_packs([made])
        release(made)
        raise Damaged(
            "the disk did not give back what was packed; the packs it was made of are kept",
            "check the disk",
            path=os.fspath(made),
            reason="an object is missing or changed",
        )
    return made


class _DensePacker:
    """Feeds a pack with the objects at some places, each tree beside the newer one of its path."""

    def __init__(
        self, objects: Objects, places: dict[Oid, tuple[PackFile, int]], writer: PackWriter
    ) -> None:
        self._objects = objects
        self._places = places
        self._writer = writer

    def add_all(self) -> None:
        """Add every object once."""
        newer: Oid | None = None
        for commit in _newest_first(dict(self._commits())):
            self._writer.add(COMMIT, commit.data)
            self._add_tree(commit.tree, newer)
            newer = commit.tree
        for oid in self._places:  # what none of these commits reaches
            if oid not in self._writer:
                self._writer.add(*self._read(oid))

    def _commits(self) -> Iterator[tuple[Oid, _Commit]]:
        for oid in self._places:
            kind, data = self._read(oid)
            if kind == COMMIT:
                head = data.partition(b"\n\n")[0]
                found = _time.search(head)
                parents = tuple(_parent.findall(head))
                yield oid, _Commit(data, head[5:45], parents, int(found[1]) if found else 0)

    def _add_tree(self, root: Oid, newer_root: Oid | None) -> None:
        waiting = [(root, newer_root)]
        while waiting:
            oid, newer = waiting.pop()
            if oid in self._places and oid not in self._writer:
                kind, data = self._read(oid)
                self._writer.add(kind, data, newer)
                waiting += self._changed_entries(oid, newer) if kind == TREE else ()

    def _changed_entries(self, oid: Oid, newer: Oid | None) -> Iterator[tuple[Oid, Oid | None]]:
        """Entries of a tree that the newer one has not, with what stands there in the newer."""
        beside: dict[bytes, tuple[int, Oid]] = {}
        if newer is not None:
            with suppress(Damaged, NotFound):
                beside = self._objects.tree(newer)
        for name, entry in self._objects.tree(oid).items():
            other = beside.get(name)
            if other != entry:
                yield entry[1], other[1] if other else None

    def _read(self, oid: Oid) -> tuple[int, bytes]:
        file, offset = self._places[oid]
        return file.read(offset)


def _newest_first(commits: dict[Oid, _Commit]) -> Iterator[_Commit]:
    """Each commit before its parents; along a line of history without a gap."""
    heads = commits.keys() - {parent for commit in commits.values() for parent in commit.parents}
    waiting = sorted(heads, key=lambda oid: (commits[oid].seconds, oid))
    left = dict(commits)
    while waiting:
        commit = left.pop(waiting.pop(), None)
        if commit is not None:
            yield commit
            waiting += [parent for parent in reversed(commit.parents) if parent in left]


def _gives_back(pack: Path, wanted: Iterable[Oid]) -> bool:
    """Whether every object can be read from a pack."""
    missing = set(wanted)
    with closing(PackFile(os.fspath(pack.with_suffix("")))) as packed, suppress(Damaged):
        for place in sorted(read_index(pack.with_suffix(".idx"))[0], key=attrgetter("offset")):
            oid = place.id.hex().encode()
            if object_id(*packed.read(place.offset)) != oid:
                return False
            missing.discard(oid)
    return not missing
