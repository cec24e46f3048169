"""Which files a place has, by their paths below its root."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remote import Key
from mlgit.artifacts.remotes.calling import call, head_of, together, wait
from mlgit.artifacts.remotes.connection import ABSENT
from mlgit.errors import Unsupported

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.connection import Connection
    from mlgit.artifacts.remotes.place import Head, Place

_LISTING_SECONDS = 3600


def heads(at: Connection, names: Collection[str]) -> dict[str, Head]:
    """What the place says now of those of the files that are there; raises as `Files.heads`."""
    fs, asked = at.fs, list(names)
    with at.answering():
        if fs.async_impl:
            found = together(fs, [_ask(at.place, fs, at.path(name)) for name in asked])
        else:
            found = [_look(fs, at.path(name)) for name in asked]
    if asked and not any(found):
        at.require_place()
    return {name: head for name, head in zip(asked, found, strict=True) if head}


async def _ask(place: Place, fs: Any, path: str) -> Head | None:
    try:
        if place.head:
            return await place.head(fs, path)
        return head_of(await fs._info(path))
    except ABSENT:
        return None


def _look(fs: Any, path: str) -> Head | None:
    try:
        return head_of(fs.info(path))
    except ABSENT:
        return None


def keys(at: Connection, under: str) -> Iterator[Key]:
    """Every file below the folder `under`; raises as `Files.keys`."""
    if at.place.read_only:
        raise Unsupported(f"{at.name} lists nothing", "name what you look for: it is asked for")
    empty, root = True, len(at.place.root.strip("/"))
    for folder in _parts(at, under.strip("/")):
        for path, info in _found(at, folder).items():
            empty = False
            head = head_of(info)
            yield Key(path.strip("/")[root:].lstrip("/"), head.size, head.modified)
    if empty:
        at.require_place()


def _parts(at: Connection, under: str) -> list[str]:
    """Folders that hold together what `under` does: a million names are not held at once."""
    if under != "sha256":
        return [at.path(under)]
    try:
        with at.answering():
            inside = call(at.fs, "ls", at.path(under), True)
    except ABSENT:
        return []
    return sorted(info["name"].rstrip("/") for info in inside if info["type"] == "directory")


def _found(at: Connection, folder: str) -> dict[str, dict[str, Any]]:
    fs = at.fs
    try:
        with at.answering():
            if fs.async_impl:
                return dict(wait(fs, fs._find(folder, detail=True), _LISTING_SECONDS))
            return dict(fs.find(folder, detail=True))
    except ABSENT:
        return {}
