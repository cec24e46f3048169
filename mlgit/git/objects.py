"""The object store of a repository: every object by its id, wherever it is kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mlgit.errors import Damaged, NotFound
from mlgit.git import loose
from mlgit.git.commit_info import CommitInfo, read_commit
from mlgit.git.commit_pack import CommitPack, unique, write_commit_pack
from mlgit.git.files import read_file, storage_failed
from mlgit.git.memory import Listing, Memory
from mlgit.git.oid import BLOB, COMMIT, KIND_NAMES, TREE, Oid
from mlgit.git.packed import PackedObjects


class Objects:
    """Objects by id: in packs, loose, or in alternates, wherever a whole copy is.

    Attributes:
        directory: The folder that new objects are written to.
        shared: Permission bits that new files get besides the umask's.
    """

    def __init__(
        self,
        directory: Path,
        shared: int = 0,
        fetch: Callable[[Oid], bool] | None = None,
        beside: Iterable[str] = (),
    ) -> None:
        """Objects below `directory` and, only to read, in the folders `beside` it.

        `fetch` may bring one that is missing and says if it did.
        """
        self.directory = os.fspath(directory)
        self.shared = shared
        self._fetch, self._beside = fetch, tuple(beside)
        self._places: list[str] | None = None
        self._packed: PackedObjects | None = None
        self._memory = Memory()

    def read(self, oid: Oid) -> tuple[int, bytes]:
        """Kind and data of an object.

        Raises:
            NotFound: No such object here.
            Damaged: It is here, but not whole; a whole copy elsewhere is preferred.
        """
        known = self._memory.objects.get(oid)
        if known is None:
            known = self._find(oid)
            self._memory.keep(oid, known)
        return known

    def blob(self, oid: Oid) -> bytes:
        """The bytes of a blob.

        Raises:
            NotFound: No such object here.
            Damaged: It cannot be read, or is not a blob.
        """
        return self._read_as(BLOB, oid)

    def tree_entries(self, oid: Oid) -> list[tuple[bytes, int, Oid]]:
        """Name, mode and id of each entry of a tree, as stored: also hostile ones.

        Raises:
            NotFound: No such object here.
            Damaged: It cannot be read, or is not a tree.
        """
        from dulwich.errors import ObjectFormatException
        from dulwich.objects import parse_tree

        try:
            return list(parse_tree(self._read_as(TREE, oid), 20))
        except (ObjectFormatException, ValueError) as error:
            raise _unreadable(oid, "it is not a well-formed tree") from error

    def tree(self, oid: Oid) -> dict[bytes, tuple[int, Oid]]:
        """Entries of a tree by name: (mode, id).

        Raises:
            NotFound: No such object here.
            Damaged: It cannot be read, or is not a tree.
        """
        return {name: (mode, child) for name, mode, child in self.tree_entries(oid)}

    def listing(self, oid: Oid) -> Listing:
        """As `tree`, parsed once and shared: nobody may change it."""
        found = self._memory.listings.get(oid)
        if found is None:
            found = self.tree(oid)
            self._memory.keep_listing(oid, found)
        return found

    def keep_listing(self, oid: Oid, listing: Listing) -> None:
        """Remember the entries of a tree that was just made; nobody may change them any more."""
        self._memory.keep_listing(oid, listing)

    def commit(self, oid: Oid) -> CommitInfo:
        """What a commit says.

        Raises:
            NotFound: No such object here.
            Damaged: It cannot be read, or is not a commit.
        """
        if self._memory.commit is None or self._memory.commit[0] != oid:
            found = read_commit(self._read_as(COMMIT, oid))
            if found is None:
                raise _unreadable(oid, "it is not a well-formed commit")
            self._memory.commit = oid, found
        return self._memory.commit[1]

    def contains(self, oid: Oid) -> bool:
        """Whether an object is here and, if loose, whole; asks the disk, not our memory."""
        if any(loose.is_whole(place, oid) for place in self._all_places()):
            return True
        return self._packs().contains(oid)

    def known(self, items: Mapping[Oid, tuple[int, bytes]]) -> set[Oid]:
        """Which of these objects are here already; a damaged loose one is written anew.

        Raises:
            StorageFailed: The disk refused.
        """
        damaged = [oid for oid in items if loose.is_damaged(self.directory, oid)]
        self.write(items[oid] for oid in damaged)
        return {oid for oid in items if self.contains(oid)}

    def write(self, objects: Iterable[tuple[int, bytes]], *, durable: bool = True) -> list[Oid]:
        """Write objects as loose files; they survive a power cut when this returns.

        Until a ref names them, `git prune` may take them away: see `write_guarded`.

        Raises:
            StorageFailed: The disk refused; no temporary file is left.
        """
        return loose.write_all(self.directory, objects, durable=durable, shared=self.shared)

    def write_guarded(self, objects: Iterable[tuple[int, bytes]]) -> CommitPack:
        """Write objects so that neither a power cut nor a clean-up by git can take them.

        Release the pack when a ref names them, or discard it.

        Raises:
            StorageFailed: The disk refused; nothing is left of them.
        """
        items = unique(objects)
        pack = write_commit_pack(self.directory, list(items.values()), self.shared)
        self._packs().add(pack.stem)
        for oid, item in items.items():
            self._memory.keep(oid, item)
        return pack

    def forget(self) -> None:
        """Know nothing of what was read: what is asked for next comes from the disk."""
        self._memory.forget()
        self.close()

    def refresh(self) -> None:
        """See the packs that others have written or removed since we looked."""
        self._packs().refresh()

    def close(self) -> None:
        """Let go of open packs."""
        if self._packed is not None:
            self._packed.close()
            self._packed = None

    def _read_as(self, kind: int, oid: Oid) -> bytes:
        found, data = self.read(oid)
        if found != kind:
            is_a, wanted = KIND_NAMES[found].decode(), KIND_NAMES[kind].decode()
            raise _unreadable(oid, f"it is a {is_a}, not a {wanted}")
        return data

    def _find(self, oid: Oid) -> tuple[int, bytes]:
        damaged: list[Damaged] = []
        found = self._packed_as(oid, damaged, look_again=False)
        for place in self._all_places() if found is None else ():
            found = found or _loose_in(place, oid, damaged)
        found = found or self._packed_as(oid, damaged, look_again=True)
        if found is None and damaged:
            raise damaged[0]
        if found is None and self._fetch is not None and self._fetch(oid):
            found = self._packed_as(oid, damaged, look_again=True)
        if found is not None:
            return found
        raise NotFound(
            f"object {oid.decode('ascii', 'replace')[:12]} is not in this repository",
            "fetch it from a clone that has it, or run `mlgit doctor`",
            oid=oid.decode("ascii", "replace"),
        )

    def _packed_as(
        self, oid: Oid, damaged: list[Damaged], *, look_again: bool
    ) -> tuple[int, bytes] | None:
        try:
            return self._packs().read(oid, look_again=look_again)
        except Damaged as error:
            damaged.append(error)
            return None

    def _all_places(self) -> list[str]:
        if self._places is None:
            found = (_with_alternates(place) for place in (self.directory, *self._beside))
            self._places = list(dict.fromkeys(place for places in found for place in places))
        return self._places

    def _packs(self) -> PackedObjects:
        if self._packed is None:
            self._packed = PackedObjects(self._all_places())
        return self._packed


def _loose_in(place: str, oid: Oid, damaged: list[Damaged]) -> tuple[int, bytes] | None:
    try:
        return loose.read_loose(place, oid)
    except Damaged as error:
        damaged.append(error)
        return None


def _unreadable(oid: Oid, reason: str) -> Damaged:
    name = oid.decode("ascii", "replace")
    return Damaged(
        f"object {name[:12]} cannot be used: {reason}",
        "run `mlgit doctor`",
        path=name,
        reason=reason,
        oid=name,
    )


def _with_alternates(directory: str, depth: int = 5) -> list[str]:
    """The object folder and those it borrows from, nearest first."""
    path = f"{directory}/info/alternates"
    try:
        text = read_file(path).decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return [directory]
    except OSError as error:
        raise storage_failed(error, path, "read") from error
    places = [directory]
    for line in text.splitlines() if depth else ():
        if line and not line.startswith("#"):
            other = os.path.normpath(os.path.join(directory, line))  # noqa: PTH118
            places += [place for place in _with_alternates(other, depth - 1) if place not in places]
    return places
