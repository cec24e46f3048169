"""Objects in packs; packs that appear or vanish while we look are followed."""

from __future__ import annotations

import os
import time
from binascii import unhexlify

from mlgit.errors import Damaged
from mlgit.git.files import storage_failed
from mlgit.git.oid import Oid, object_id
from mlgit.git.pack_file import PackFile

_CLOCK_TICK = 50_000_000  # ns; file systems stamp changes by a coarser clock than this process
_JUST_NOW = -1  # a time at which a further change might not show
_ATTEMPTS = 4  # a repack may remove a pack between finding an object and reading it


class PackedObjects:
    """All packs of some object folders; the newest, or the one that answered last, comes first."""

    def __init__(self, places: list[str]) -> None:
        self._places = places
        self._packs: dict[str, PackFile] = {}
        self._scanned = False
        self._seen: list[int] = []

    def contains(self, oid: Oid) -> bool:
        """Whether a known pack lists the object; packs are looked for once, not on every miss."""
        if not self._scanned:
            self._scan()
        for _ in range(_ATTEMPTS):
            found = self._listed(oid)
            if found is None:
                return False
            if os.path.exists(f"{found[0].stem}.pack"):  # noqa: PTH110
                return True
            self._scan()
        return False

    def read(self, oid: Oid, *, look_again: bool = True) -> tuple[int, bytes] | None:
        """Kind and data of a packed object, or None where no pack has it.

        Args:
            oid: The object.
            look_again: On a miss, look for packs that have come since the last look.

        Raises:
            Damaged: A pack lists the object but cannot produce it.
            StorageFailed: A pack cannot be read.
        """
        if not self._scanned:
            self._scan()
        for _ in range(_ATTEMPTS):
            found = self._listed(oid)
            if found is None and look_again:
                self._scan()
                found = self._listed(oid)
            if found is None:
                return None
            content = self._content(*found)
            if content is not None:
                return _verified(oid, content, found[0])
            self._scan()
        return None

    def refresh(self) -> None:
        """Look for packs again, if their folders have changed since the last look."""
        now = self._changed_at() if self._scanned else []
        if now != self._seen or _JUST_NOW in now:
            self._scan()

    def add(self, stem: str) -> None:
        """Know of a pack that was just written."""
        if self._scanned:
            self._packs = {stem: PackFile(stem), **self._packs}

    def close(self) -> None:
        """Close all packs; they are found again when needed."""
        for pack in self._packs.values():
            pack.close()
        self._packs = {}
        self._scanned = False

    def _content(self, pack: PackFile, offset: int) -> tuple[int, bytes] | None:
        """What a pack holds at a place; None when the pack is gone."""
        try:
            return pack.read(offset)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_failed(error, f"{pack.stem}.pack", "read") from error

    def _listed(self, oid: Oid) -> tuple[PackFile, int] | None:
        raw = unhexlify(oid)
        for stem, pack in self._packs.items():
            offset = _offset_in(pack, raw)
            if offset is not None:
                if next(iter(self._packs)) != stem:
                    self._packs = {stem: pack, **self._packs}
                return pack, offset
        return None

    def _scan(self) -> None:
        """Look for packs anew; those that are still there stay open."""
        found: list[tuple[int, str]] = []
        self._seen = self._changed_at()
        for place in self._places:
            found += _packs_in(f"{place}/pack")
        stems = [stem for _, stem in sorted(found, reverse=True)]
        # Those that are gone are not closed: another thread may be reading one.
        self._packs = {stem: self._packs.get(stem) or PackFile(stem) for stem in stems}
        self._scanned = True

    def _changed_at(self) -> list[int]:
        """When each folder of packs last changed."""
        times = [_modified(f"{place}/pack") for place in self._places]
        now = time.time_ns()
        return [_JUST_NOW if now - changed < _CLOCK_TICK else changed for changed in times]


def _packs_in(folder: str) -> list[tuple[int, str]]:
    """Time and stem of each indexed pack in a folder; none where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            by_name = {entry.name: entry for entry in entries}
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise storage_failed(error, folder, "list") from error
    found = []
    for name, entry in by_name.items():
        if name.endswith(".idx") and f"{name[:-4]}.pack" in by_name:
            found.append((_modified(entry), f"{folder}/{name[:-4]}"))
    return found


def _modified(path: str | os.DirEntry[str]) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (a string or an entry, and often)
    except FileNotFoundError:
        return 0


def _offset_in(pack: PackFile, raw: bytes) -> int | None:
    try:
        return pack.find(raw)
    except FileNotFoundError:  # removed by a repack: the object is in another pack now
        return None
    except OSError as error:
        raise storage_failed(error, f"{pack.stem}.idx", "read") from error


def _verified(oid: Oid, content: tuple[int, bytes], pack: PackFile) -> tuple[int, bytes]:
    if object_id(*content) != oid:
        raise Damaged(
            f"object {oid.decode()[:12]} is damaged in its pack",
            "`git fsck --full` lists what is affected; fetch it again from a clone that has it",
            path=f"{pack.stem}.pack",
            reason="the content does not match the name",
            oid=oid.decode(),
        )
    return content
