"""Remotes in a folder: a mounted share, a disk."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.durable import sync_folder
from mlgit.artifacts.remotes.place import Place, filesystem
from mlgit.artifacts.streams import CHUNK

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.url import RemoteUrl


def place(url: RemoteUrl) -> Place:
    """A folder that is there already: an empty mount point must not be filled by mistake."""
    return Place(
        partial(filesystem, "file"),
        url.path,
        url.path,
        renames=True,
        opens=True,
        send=send,
        settle=settle,
        rename=rename,
    )


def send(_: Any, path: str, source: str, callback: Any) -> None:
    """Copy a file, telling how far it is."""
    with Path(source).open("rb") as old, Path(path).open("xb") as new:
        while piece := old.read(CHUNK):
            new.write(piece)
            callback.relative_update(len(piece))


def settle(_: Any, path: str) -> None:
    """Force a file to the disk."""
    number = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def rename(old: str, new: str) -> None:
    """Move a file; its name and those of new folders are forced to the disk, too."""
    folder = Path(new).parent
    made = [above for above in (folder, *folder.parents) if not above.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    Path(old).replace(new)
    for above in (folder, *(path.parent for path in made)):
        sync_folder(above)
