"""Keeping packs few: packs of our own are joined so that each is twice as big as all smaller ones.

Thousands of small packs would slow every read; one ever growing pack would be copied each time.
Packs of others, guarded ones and those beside a multi-pack index are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mlgit.errors import Damaged
from mlgit.git.pack import GUARD, concatenate, release, remove_read_only
from mlgit.git.pack_index import read_index

_LARGEST = 64 << 20  # bytes; a bigger pack is left as it is
_PLAIN = {".pack", ".idx", ".rev"}  # a pack with any other companion has a purpose of its own


def roll_up(objects: Path, own: Iterable[str]) -> list[str]:
    """Join the smaller ones of our packs; returns the names of those there are now.

    Args:
        objects: The object folder.
        own: Names of packs we wrote, as `pack-<id>`; ones that are gone are forgotten.

    Raises:
        OSError: The disk refused; nothing is lost.
    """
    folder = objects / "pack"
    packs = [folder / f"{name}.pack" for name in own]
    present = [pack for pack in packs if _is_complete(pack)]
    if not (folder / "multi-pack-index").exists():
        plain = [pack for pack in present if _companions(pack) <= _PLAIN]
        disjoint, redundant = _sort_out([p for p in plain if p.stat().st_size <= _LARGEST])
        chosen = _uneven(disjoint)
        joined = concatenate(objects, chosen) if len(chosen) > 1 else None
        for pack in (*redundant, *(chosen if joined else ())):
            _remove(pack)
        if joined is not None:
            release(joined)
            present.append(joined)
    return [pack.stem for pack in present if pack.with_suffix(".idx").exists()]


def adopt_abandoned(objects: Path) -> list[str]:
    """Clean up after a packer of ours that was killed; names of the whole packs it left.

    Call it only while no packer of ours can be at work.
    """
    found = []
    for guard in (objects / "pack").glob("pack-*.keep"):
        pack = guard.with_suffix(".pack")
        if guard.read_bytes() != GUARD:
            continue
        if pack.with_suffix(".idx").exists():
            found.append(pack.stem)
        else:
            pack.unlink(missing_ok=True)
        release(pack)
    return found


def _is_complete(pack: Path) -> bool:
    """Whether a pack of ours has its index; the rest of one whose removal was cut short goes."""
    if pack.with_suffix(".idx").exists():
        return pack.exists()
    _remove(pack)
    return False


def _companions(pack: Path) -> set[str]:
    return {path.suffix for path in pack.parent.glob(f"{pack.stem}.*")}


def _sort_out(packs: list[Path]) -> tuple[list[Path], list[Path]]:
    """Packs that share no object with a bigger one, and packs that bigger ones hold in full."""
    contents = {}
    for pack in packs:
        with suppress(Damaged):  # left alone, for `git fsck` to report
            contents[pack] = {place.id for place in read_index(pack.with_suffix(".idx"))[0]}
    disjoint, redundant = [], []
    held: set[bytes] = set()
    for pack, ids in sorted(contents.items(), key=lambda item: -len(item[1])):
        if ids <= held:
            redundant.append(pack)
        elif held.isdisjoint(ids):
            disjoint.append(pack)
            held |= ids
    return disjoint, redundant


def _uneven(packs: list[Path]) -> list[Path]:
    """The smallest packs up to the last that is not twice as big as all before it."""
    sizes = sorted((path.stat().st_size, path) for path in packs)
    total, last = 0, 0
    for rank, (size, _) in enumerate(sizes):
        if rank and size < 2 * total:
            last = rank + 1
        total += size
    return [path for _, path in sizes[:last]]


def _remove(pack: Path) -> None:
    """Remove a pack, its index first: without that nobody looks for the rest."""
    with suppress(OSError):  # Windows refuses while a reader has it open; it goes the next time
        for suffix in (".idx", ".rev", ".pack"):
            remove_read_only(pack.with_suffix(suffix))
