"""Folders and files that last: made, looked at for links, written to the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from mlgit.errors import StorageFailed

_FEW = 8  # up to so many files are as fast to sync one after the other
_MANY = 64  # from here on it is faster to sync the whole file system, where that is possible
_THREADS = 8


class Folders:
    """The folders of one store: each is made or looked at once, private, never a link."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: set[str] = set()
        self._grown: set[str] = set()

    def make(self, *names: str) -> str:
        """The root with the folders `names` below it; what is new lasts after `sync`.

        Raises:
            StorageFailed: One of them is a symlink or a file.
            OSError: One cannot be made.
        """
        path = str(self._root)
        for name in ("", *names):
            path = os.path.join(path, name) if name else path  # noqa: PTH118 - many a second
            if path not in self._seen:
                self._make(path)
                self._seen.add(path)
        return path

    def sync(self, *more: str, disk: int | None = None) -> None:
        """Make the names of new folders lasting, and those in the folders `more`."""
        sync_all(self._grown.union(more), disk)
        self._grown.clear()

    def _make(self, path: str) -> None:
        above = os.path.dirname(path) or "."  # noqa: PTH120 - a thousand at once
        if not self._seen:
            os.makedirs(above, exist_ok=True)  # noqa: PTH103
        try:
            os.mkdir(path, 0o700)  # noqa: PTH102
        except FileExistsError:
            if os.path.islink(path):  # noqa: PTH114
                hint = "remove it: mlgit keeps data there"
                raise StorageFailed(f"{path} is a symbolic link", hint) from None
            if not os.path.isdir(path):  # noqa: PTH112
                raise
        else:
            _open_as_above(path, above)
            self._grown.add(above)


def make_folders(root: Path, *names: str) -> Path:
    """`root` with the folders below it, private, each a real one and lasting; see `Folders`."""
    folders = Folders(root)
    path = folders.make(*names)
    folders.sync()
    return Path(path)


def _open_as_above(path: str, above: str) -> None:
    """Open a new folder to those whom the one `above` is open to, if that is a shared one."""
    mode = os.stat(above).st_mode  # noqa: PTH116 - a thousand at once
    if mode & stat.S_ISGID:
        with suppress(PermissionError):  # another user was faster to make it
            os.chmod(path, mode & 0o2777)  # noqa: PTH101


def sync_all(paths: Collection[str | Path], disk: int | None = None) -> None:
    """Make files, or the names in folders, lasting; many share the work.

    `disk` is a folder on the file system of all of them, opened before they were written.
    """
    if len(paths) <= _FEW:
        for path in paths:
            sync_path(path)
        return
    if disk is not None and len(paths) >= _MANY:
        from mlgit.artifacts import whole_disk

        if whole_disk.sync(disk):
            return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(sync_path, path) for path in paths]:
            done.result()


def sync_path(path: str | Path) -> None:
    """Make a file, or the names in a folder, lasting, where the system can by its name."""
    if os.name == "nt":
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def sync_folder(path: Path) -> None:
    """Make the names in a folder lasting, where the system can."""
    sync_path(path)
