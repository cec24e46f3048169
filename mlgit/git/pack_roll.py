"""Keeping packs few: packs of our own are joined so that each is twice as big as all smaller ones.

Thousands of small packs would slow every read; one ever growing pack would be copied each time.
Packs of others and guarded ones are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mlgit.errors import Damaged
from mlgit.git.pack import GUARD, concatenate, release
from mlgit.git.pack_index import read_index
from mlgit.git.pack_removal import plain_packs, remove_packs, remove_remains

_LARGEST = 64 << 20  # bytes; a bigger pack is left as it is


def roll_up(objects: Path, own: Iterable[str], shared: int = 0) -> list[str]:
    """Join the smaller ones of our packs; returns the names of those there are now.

    Args:
        objects: The object folder.
        own: Names of packs we wrote, as `pack-<id>`; ones that are gone are forgotten.
        shared: Permission bits that new files get besides the umask's.

    Raises:
        OSError: The disk refused; nothing is lost.
    """
    packs = [objects / "pack" / f"{name}.pack" for name in own]
    for pack in packs:
        remove_remains(pack)
    plain = plain_packs(objects / "pack")
    small = [pack for pack in packs if pack.stem in plain and pack.stat().st_size <= _LARGEST]
    disjoint, redundant = _sort_out(_uneven(small))
    joined, parts = _joined(objects, disjoint, shared)
    remove_packs([*redundant, *parts])
    if joined is not None:
        release(joined)
        packs.append(joined)
    return [pack.stem for pack in packs if pack.with_suffix(".idx").exists()]


def _joined(objects: Path, chosen: list[Path], shared: int) -> tuple[Path | None, list[Path]]:
    """A guarded pack and those it was made of; a damaged one is left out, for the doctor."""
    if len(chosen) < 2:
        return None, []
    try:
        return concatenate(objects, chosen, shared), chosen
    except Damaged as error:
        left = [pack for pack in chosen if str(pack) != error.facts.get("path")]
        if len(left) == len(chosen):
            raise
        return _joined(objects, left, shared)


def adopt_abandoned(objects: Path) -> list[str]:
    """Clean up after a packer of ours that was killed; names of the whole packs it left.

    Call it only while no packer of ours can be at work.
    """
    found = []
    for guard in (objects / "pack").glob("pack-*.keep"):
        pack = guard.with_suffix(".pack")
        if guard.read_bytes() == GUARD:
            remove_remains(pack)
            release(pack)
            found += [pack.stem] if pack.exists() else []
    return found


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
