"""Taking packs away whose objects are all in another pack, as git's own repack does it."""

from __future__ import annotations

import mmap
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from mlgit.git.pack import remove_read_only

_PLAIN = {".pack", ".idx", ".rev"}  # a pack with any other companion has a purpose of its own


def plain_packs(folder: Path) -> set[str]:
    """Names of packs that are whole with nothing beside (a guard, a bitmap) against removal."""
    suffixes: dict[str, set[str]] = {}
    for name in os.listdir(folder):  # noqa: PTH208 (names only: this is on a writer's way)
        stem, dot, suffix = name.partition(".")
        suffixes.setdefault(stem, set()).add(dot + suffix)
    return {stem for stem, found in suffixes.items() if {".pack", ".idx"} <= found <= _PLAIN}


def remove_packs(packs: Collection[Path]) -> None:
    """Remove packs, and first a multi-pack index that names one: git would call it damaged.

    What the system refuses to remove stays; it is only space.
    """
    with suppress(OSError):
        for folder in {pack.parent for pack in packs}:
            _forget_index(folder, [pack.stem for pack in packs])
        for pack in packs:
            _remove(pack)


def remove_remains(pack: Path) -> None:
    """Remove what is left of a pack whose removal was cut short: it has no index any more."""
    with suppress(OSError):
        if not pack.with_suffix(".idx").exists():
            _remove(pack)


def _remove(pack: Path) -> None:
    """The index first: without that nobody looks for the rest."""
    for suffix in (".idx", ".rev", ".pack"):
        remove_read_only(pack.with_suffix(suffix))


def _forget_index(folder: Path, names: list[str]) -> None:
    path = folder / "multi-pack-index"
    if path.exists() and _names_one(path, names):
        remove_read_only(path)
        for beside in folder.glob("multi-pack-index-*"):
            remove_read_only(beside)


def _names_one(path: Path, names: list[str]) -> bool:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return True
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(name.encode()) >= 0 for name in names)
