"""Taking packs away whose objects are all in another pack, as git's own repack does it."""

from __future__ import annotations

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
    """Remove packs, and with them a multi-pack index that names one: git would call it damaged.

    What the system refuses to remove stays; it is only space.
    """
    with suppress(OSError):
        folders = {pack.parent for pack in packs}
        for folder in folders:
            _forget_index(folder, [pack.stem for pack in packs])
        for pack in packs:
            _remove(pack)
        for folder in folders:
            forget_stale_index(folder)  # git may have been at work on one


def forget_stale_index(folder: Path) -> None:
    """Remove a multi-pack index that names a pack that is gone.

    Git lists the packs first and writes its index later; a pack may go in between.

    Raises:
        OSError: The disk refused.
    """
    if is_stale_index(folder):
        _forget_index(folder, _indexed(folder / "multi-pack-index") or ())


def is_stale_index(folder: Path) -> bool:
    """Whether there is a multi-pack index that names a pack that is gone, or cannot be read.

    Raises:
        OSError: The disk refused.
    """
    names = _indexed(folder / "multi-pack-index")
    return names is None or not {f"{name}.idx" for name in names}.issubset(os.listdir(folder))  # noqa: PTH208


def remove_remains(pack: Path) -> None:
    """Remove what is left of a pack whose removal was cut short: it has no index any more."""
    with suppress(OSError):
        if not pack.with_suffix(".idx").exists():
            _remove(pack)


def _remove(pack: Path) -> None:
    """The index first: without that nobody looks for the rest."""
    for suffix in (".idx", ".rev", ".pack"):
        remove_read_only(pack.with_suffix(suffix))


def _forget_index(folder: Path, names: Collection[str]) -> None:
    path = folder / "multi-pack-index"
    known = _indexed(path)
    if known is None or not known.isdisjoint(names):
        remove_read_only(path)
        for beside in folder.glob("multi-pack-index-*"):
            remove_read_only(beside)


def _indexed(path: Path) -> set[str] | None:
    """Names of the packs in a multi-pack index, none where there is none; None: unreadable.

    The layout is that of gitformat-pack: a header of 12 bytes whose seventh counts the chunks,
    a table of their names and places, and among them `PNAM`, names of index files and NULs.
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
            table = file.read(12 * (head[6] + 1))
            at = table.index(b"PNAM") + 4
            start, end = (int.from_bytes(table[i : i + 8], "big") for i in (at, at + 12))
            file.seek(start)
            names = file.read(end - start).decode("ascii").split("\0")
    except FileNotFoundError:
        return set()
    except (IndexError, ValueError, OverflowError):
        return None
    return {name.partition(".")[0] for name in names if name}
