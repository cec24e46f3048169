"""The local store of artifact bytes as a place that can be cleaned up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remote import Key
from mlgit.errors import NotFound, StorageFailed
from mlgit.git.files import read_file, refusals, replace_file, sync_directory
from mlgit.git.sharing import make_folder


class Shelf:
    """The files below one folder of this machine; see `Collectable`."""

    name = "this clone"

    def __init__(self, root: Path) -> None:
        self.root = root

    def verify(self, sha256: str) -> bool:
        """Whether that object is here and whole."""
        return ObjectCache(self.root).verify(sha256)

    def keys(self, under: str) -> Iterator[Key]:
        """Every file below the folder `under`, but no links."""
        self._refuse_link(under)
        for where, _, names in os.walk(self.root / under, onerror=_raise):
            base = Path(where).relative_to(self.root).as_posix()
            found = (self.key(f"{base}/{name}") for name in sorted(names))
            yield from (one for one in found if one is not None)

    def key(self, name: str) -> Key | None:
        """One file as it is now; None where there is none, or a link."""
        path = self.root / name
        with refusals(path, "look at"):
            try:
                status = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return None if path.is_symlink() else Key(name, status.st_size, status.st_mtime)

    def move(self, old: str, new: str) -> None:
        """Give a file another path, by a rename; it keeps its time."""
        source, target = self.root / old, self.root / new
        self._refuse_link(new)
        with refusals(source, "move"):
            make_folder(target.parent)
            try:
                source.replace(target)
            except FileNotFoundError as error:
                raise NotFound(f"there is no {old} in {self.root}") from error
            sync_directory(target.parent)
            sync_directory(source.parent)

    def _refuse_link(self, name: str) -> None:
        """An unpacked `.git` could lead us anywhere."""
        top = self.root / name.partition("/")[0]
        if self.root.is_symlink() or top.is_symlink():
            raise StorageFailed(f"{top} is a symbolic link", "remove it: mlgit keeps data there")

    def remove(self, name: str) -> None:
        """Remove a file, and with the last one its folders, but not the root's own."""
        path = self.root / name
        with refusals(path, "remove"):
            path.unlink(missing_ok=True)
            for folder in list(path.relative_to(self.root).parents)[:-1]:
                with suppress(OSError):  # not empty
                    (self.root / folder).rmdir()

    def remove_unheld(self, key: Key) -> bool:
        """Remove a file unless somebody has locked it, or written to it since; not its folder.

        A writer that has just made the folder expects to find it.
        """
        path = self.root / key.name
        with refusals(path, "remove"), suppress(FileNotFoundError), path.open("rb") as file:
            if _locked(file) and self.key(key.name) == key:
                path.unlink()
                return True
        return False

    def read(self, name: str) -> bytes:
        """A small file."""
        with refusals(self.root / name, "read"):
            try:
                return read_file(self.root / name)
            except FileNotFoundError as error:
                raise NotFound(f"there is no {name} in {self.root}") from error

    def write(self, name: str, data: bytes) -> None:
        """Write a small file whole."""
        replace_file(self.root / name, data, durable=True)


def _locked(file: BinaryIO) -> bool:
    """Whether the file is ours now; always, where nothing can be locked."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _raise(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        with refusals(error.filename, "list"):
            raise error
