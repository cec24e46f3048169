"""The files of a user's folder, found without following a link out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mlgit.errors import InvalidValue, NotFound, StorageFailed

MAX_FILES = 1_000_000  # links to folders can repeat a tree; no folder of artifacts is so large


def files_of(folder: Path) -> list[tuple[str, Path]]:
    """(path below `folder` with `/`, real file to open) of every file, sorted.

    Links are followed where they stay inside the folder. Empty folders are left out.

    Raises:
        NotFound: There is no such folder.
        InvalidValue: A link leads outside or round in circles, or a file is a device or pipe.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", path=str(folder))
    root = folder.resolve()
    found = []
    for item in _walk(root, root, "", ()):
        found.append(item)
        if len(found) > MAX_FILES:
            raise InvalidValue(f"{folder} has more than {MAX_FILES} files", path=str(folder))
    return sorted(found)


def _walk(
    root: Path, folder: Path, below: str, above: tuple[Path, ...]
) -> Iterator[tuple[str, Path]]:
    for entry in _entries(folder):
        path = Path(entry.path)
        found: Path | os.DirEntry[str] = entry  # which knows its kind without asking the disk
        if entry.is_symlink():
            path = found = _inside(root, path)
        if found.is_dir():
            if path in (*above, folder):
                raise InvalidValue(f"{entry.path} is a link to a folder around it")
            yield from _walk(root, path, f"{below}{entry.name}/", (*above, folder))
        elif found.is_file():
            yield below + entry.name, path
        else:
            raise InvalidValue(f"{path} is neither a file nor a folder", path=str(path))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise StorageFailed(f"cannot read {folder}: {error.strerror}") from error


def _inside(root: Path, path: Path) -> Path:
    """What the link `path` leads to, inside `root`."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise InvalidValue(f"{path} is a broken link", path=str(path)) from error
    if not target.is_relative_to(root):
        raise InvalidValue(
            f"{path} is a link to a place outside the folder",
            "log the file it points to by itself, or copy it into the folder",
            path=str(path),
        )
    return target
