"""The digests that files beside the branch name: journals, spools, what waits to be published."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, StorageFailed
from mlgit.git.files import read_file, refusals
from mlgit.holdings.gc.scan import digests_in

if TYPE_CHECKING:
    from mlgit.store.store import Store

_JOURNAL = ".journal"
_BYTES = ".objects"  # artifacts beside a spooled journal


class Surroundings(NamedTuple):
    """What is to be read besides the store's own folder, and how journals are.

    Attributes:
        damage: What cannot be read inside a journal's bytes; "" where nothing is lost.
        spools: Folders in which runs wait that are not of this store's folder.
    """

    damage: Callable[[bytes], str]
    spools: tuple[Path, ...] = ()


class Beside:
    """All files of a store that are no artifact bytes and no cache, read as they change."""

    def __init__(self, store: Store, around: Surroundings) -> None:
        self._state, self._spools = store.state, around.spools
        self._but = {os.fspath(store.data / "objects"), os.fspath(store.cache)}
        self._damage = around.damage
        self._known: dict[str, tuple[int, int, int]] = {}

    def news(self) -> Iterator[tuple[str, str]]:
        """(digest, where) of each digest in a file that is new, or has changed since.

        Raises:
            Damaged: A journal has lost something: what it named is not known.
            StorageFailed: A file or a folder cannot be read, or a spool is not there.
        """
        for path in self._files():
            with refusals(path, "read"), suppress(FileNotFoundError):  # published just now
                status = os.stat(path, follow_symlinks=False)  # noqa: PTH116
                version = (status.st_ino, status.st_size, status.st_mtime_ns)
                if self._known.get(path) != version:
                    data = read_file(path)
                    self._refuse_damaged(path, data)
                    self._known[path] = version
                    yield from ((digest, path) for digest in digests_in(data))

    def _files(self) -> Iterator[str]:
        for spool in self._spools:
            if not spool.is_dir():
                raise StorageFailed(
                    f"there is no spool {spool}: what waits in it is not known",
                    "mount it, or unset MLGIT_SPOOL",
                    path=str(spool),
                )
        for root in (self._state, *self._spools):
            for where, folders, names in os.walk(root, onerror=_raise):
                folders[:] = [one for one in folders if not self._is_bytes(where, one)]
                yield from (os.path.join(where, name) for name in sorted(names))  # noqa: PTH118

    def _is_bytes(self, where: str, name: str) -> bool:
        return name.endswith(_BYTES) or os.path.join(where, name) in self._but  # noqa: PTH118

    def _refuse_damaged(self, path: str, data: bytes) -> None:
        damage = self._damage(data) if path.endswith(_JOURNAL) else ""
        if damage:
            raise Damaged(
                f"the journal {path} is damaged: {damage}; what it named is not known",
                "mlgit recover, and again an hour later",
                path=path,
                reason=damage,
            )


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # a run that was published just now
        with refusals(error.filename, "list"):
            raise error
