"""Writing files below a folder, atomically, whatever links lie in the way."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlgit.artifacts.streams import NO_FOLLOW
from mlgit.errors import InvalidState, StorageFailed
from mlgit.records.artifact_path import safe_path
from mlgit.times import random_bytes

_NOT_ON_WINDOWS = re.compile(
    r'[<>:"|?*]|[. ](/|$)|(^|/)(con|prn|aux|nul|com\d|lpt\d)([./]|$)', re.IGNORECASE
)
_RELATIVE = os.open in os.supports_dir_fd  # every POSIX system


def land(root: Path, path: str, fill: Callable[[BinaryIO], None]) -> Path:
    """Let `fill` write a new file, then give it the name `path` below the existing `root`.

    The name appears only with the whole file; a file there before is replaced, a link there is
    replaced and not followed. No folder on the way may be a link.

    Raises:
        InvalidValue: `path` is not a safe relative path.
        InvalidState: Something on the way is a link or no folder, or the system has no such names.
        StorageFailed: The disk refused.
        Whatever `fill` raises; then nothing is left behind.
    """
    *folders, name = safe_path(path).split("/")
    if os.name == "nt" and means_another_on_windows(path):
        raise InvalidState(f"Windows cannot hold a file of the name {path!r}", path=path)
    try:
        with _folder(root, folders) as where:
            _write(where, name, fill)
    except OSError as error:
        raise _named(error, root / path) from error
    return root / path


def means_another_on_windows(path: str) -> bool:
    """Whether Windows would open a device, a stream or another file than the path says."""
    return _NOT_ON_WINDOWS.search(path) is not None


class _Folder:
    """An open folder: names in it are looked up without walking there again."""

    def __init__(self, path: Path, number: int | None) -> None:
        self._path, self._number = path, number

    def at(self, name: str) -> str:
        return name if self._number is not None else str(self._path / name)

    @property
    def number(self) -> int | None:
        return self._number


@contextmanager
def _folder(root: Path, names: list[str]) -> Iterator[_Folder]:
    """The folder below `root`, made where it is missing, links refused at every level."""
    if not _RELATIVE:
        yield _Folder(_plain_folders(root, names), None)
        return
    number = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in names:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=number)
            deeper = os.open(name, os.O_RDONLY | os.O_DIRECTORY | NO_FOLLOW, dir_fd=number)
            os.close(number)
            number = deeper
        yield _Folder(root.joinpath(*names), number)
    finally:
        os.close(number)


def _plain_folders(root: Path, names: list[str]) -> Path:
    path = root
    for name in names:
        path = path / name
        path.mkdir(exist_ok=True)
        if path.is_symlink():
            raise OSError(errno.ELOOP, "a symbolic link")
    return path


def _write(where: _Folder, name: str, fill: Callable[[BinaryIO], None]) -> None:
    temporary = where.at(f".mlgit-{random_bytes(8).hex()}")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_FOLLOW | getattr(os, "O_BINARY", 0)
    number = os.open(temporary, flags, 0o666, dir_fd=where.number)
    try:
        with os.fdopen(number, "w+b") as file:
            fill(file)
        os.replace(temporary, where.at(name), src_dir_fd=where.number, dst_dir_fd=where.number)
    except BaseException:
        os.unlink(temporary, dir_fd=where.number)
        raise


def _named(error: OSError, path: Path) -> InvalidState | StorageFailed:
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR):
        return InvalidState(
            f"cannot write {path}: a link or a file of another kind is in the way",
            "choose an empty folder to download into",
            path=str(path),
        )
    return StorageFailed(f"cannot write {path}: {error.strerror}", path=str(path))
