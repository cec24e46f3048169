"""Folders and files that last: made, looked at for links, written to the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from mlgit.errors import StorageFailed

_FEW = 8  # up to so many files are as fast to sync one after the other
_THREADS = 8


class Folders:
    """The folders of one store: each is made or looked at once, private, never a link."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: set[str] = set()
        self._grown: set[Path] = set()

    def make(self, *names: str) -> Path:
        """The root with the folders `names` below it; what is new lasts after `sync`.

        Raises:
            StorageFailed: One of them is a symlink or a file.
            OSError: One cannot be made.
        """
        path = str(self._root)
        for name in ("", *names):
            path = os.path.join(path, name) if name else path  # noqa: PTH118 - many a second
            if path not in self._seen:
                self._make(Path(path), parents=not name)
                self._seen.add(path)
        return Path(path)

    def sync(self, *more: Path) -> None:
        """Make the names of new folders lasting, and those in the folders `more`."""
        sync_all(self._grown | set(more))
        self._grown.clear()

    def _make(self, path: Path, *, parents: bool) -> None:
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=parents, exist_ok=True)
            _open_as_above(path)
            self._grown.add(path.parent)
        if path.is_symlink():
            raise StorageFailed(f"{path} is a symbolic link", "remove it: mlgit keeps data there")


def make_folders(root: Path, *names: str) -> Path:
    """`root` with the folders below it, private, each a real one and lasting; see `Folders`."""
    folders = Folders(root)
    path = folders.make(*names)
    folders.sync()
    return path


def _open_as_above(path: Path) -> None:
    """Open a new folder to those whom the one above is open to, if that is a shared one."""
    above = path.parent.stat().st_mode
    if above & stat.S_ISGID:
        with suppress(PermissionError):  # another user was faster to make it
            path.chmod(above & 0o2777)


def sync_all(paths: Collection[Path]) -> None:
    """Make files, or the names in folders, lasting; many at once share the disk's own work."""
    if len(paths) <= _FEW:
        for path in paths:
            sync_path(path)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(sync_path, path) for path in paths]:
            done.result()


def sync_path(path: Path) -> None:
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
