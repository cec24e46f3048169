"""Objects in packs, read through dulwich; packs that appear or vanish meanwhile are followed."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged
from mlgit.git.files import storage_failed
from mlgit.git.oid import Oid, object_id

if TYPE_CHECKING:
    from dulwich.pack import Pack


class PackedObjects:
    """All packs of some object folders; the one that answered last is asked first."""

    def __init__(self, places: list[str]) -> None:
        self._places = places
        self._packs: dict[str, Pack] = {}
        self._scanned = False

    def contains(self, oid: Oid) -> bool:
        """Whether a pack lists the object."""
        return self._locate(oid) is not None

    def read(self, oid: Oid) -> tuple[int, bytes] | None:
        """Kind and data of a packed object, or None where no pack has it.

        Raises:
            Damaged: A pack lists the object but cannot produce it.
        """
        for _ in range(3):  # a repack may remove the pack between finding and reading
            path = self._locate(oid)
            if path is None:
                return None
            try:
                return self._read_from(path, oid)
            except FileNotFoundError:
                self._forget(path)
        return None

    def close(self) -> None:
        """Close all packs."""
        for path in list(self._packs):
            self._forget(path)

    def _read_from(self, path: str, oid: Oid) -> tuple[int, bytes]:
        import zlib

        from dulwich.errors import ApplyDeltaError, ChecksumMismatch
        from dulwich.objects import ObjectID
        from dulwich.pack import PackFileDisappeared

        try:
            kind, data = self._packs[path].get_raw(ObjectID(oid))
        except PackFileDisappeared as gone:
            raise FileNotFoundError(path) from gone
        except OSError as error:
            raise storage_failed(error, path, "read") from error
        except (ApplyDeltaError, ChecksumMismatch, AssertionError, ValueError, KeyError) as error:
            raise _damaged(path, oid) from error
        except (zlib.error, IndexError) as error:
            raise _damaged(path, oid) from error
        if object_id(kind, data) != oid:
            raise _damaged(path, oid)
        return kind, data

    def _locate(self, oid: Oid) -> str | None:
        path = self._listed(oid)
        if path is None:
            self._scan()
            path = self._listed(oid)
        return path

    def _listed(self, oid: Oid) -> str | None:
        from dulwich.objects import ObjectID
        from dulwich.pack import PackFileDisappeared

        for path, pack in self._packs.items():
            try:
                pack.index.object_offset(ObjectID(oid))
            except (KeyError, PackFileDisappeared):  # a repack may remove it before its first use
                continue
            self._packs = {path: pack, **self._packs}
            return path
        return None

    def _scan(self) -> None:
        from dulwich.object_format import SHA1
        from dulwich.pack import Pack

        found = set()
        for place in self._places:
            folder = f"{place}/pack"
            try:
                names = set(os.listdir(folder))  # noqa: PTH208
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise storage_failed(error, folder, "list") from error
            indexed = (name[:-4] for name in names if name.endswith(".idx"))
            found |= {f"{folder}/{stem}" for stem in indexed if f"{stem}.pack" in names}
        for path in set(self._packs) - found:
            self._forget(path)
        for path in found - set(self._packs):
            self._packs[path] = Pack(path, object_format=SHA1)

    def _forget(self, path: str) -> None:
        pack = self._packs.pop(path, None)
        if pack is not None:
            with suppress(OSError):
                pack.close()


def _damaged(path: str, oid: Oid) -> Damaged:
    return Damaged(
        f"object {oid.decode()[:12]} is damaged in its pack",
        "fetch it again from a clone that has it; `git fsck --full` lists what else is affected",
        path=f"{path}.pack",
        reason="the pack does not hold what its index says",
        oid=oid.decode(),
    )
