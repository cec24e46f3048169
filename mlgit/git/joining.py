"""The small packs of single commits, joined before there are many: a score of them becomes one.

In the joined pack a tree is stored as its difference from the next newer one of its path, so it
takes a third of the space. Joined packs are rolled up in turn, so that their number grows with
the logarithm of the number of commits.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.git.commit_pack import CommitPack
from mlgit.git.files import read_file, replace_file, write_whole
from mlgit.git.gcguard import gc_is_running
from mlgit.git.objects import Objects
from mlgit.git.oid import COMMIT, TREE, Oid, is_oid, object_id
from mlgit.git.pack_file import PackFile
from mlgit.git.sharing import share

if TYPE_CHECKING:
    from mlgit.git.pack import PackWriter

JOIN_AT = 24  # git's own limit, at which it packs everything anew, is 50 packs of any origin
_LARGEST = 1 << 18  # bytes; a bigger pack is rolled up as it stands
_Contents = dict[Oid, tuple[int, bytes]]
_LINE = 46  # bytes of `pack-<40 hex digits>` and a line end


class PackOwner(Protocol):
    """What joining and repacking need to know of their repository."""

    common_dir: Path
    state_dir: Path
    objects: Objects


def note_pack(owner: PackOwner, pack: CommitPack) -> None:
    """Remember a commit's pack, and join the remembered ones when there are enough.

    Hold `writer_lock` around this call. Never raises: the commit has landed.
    """
    with suppress(MlgitError, OSError):
        # Where joining fails it is tried again after as many commits, not after every one.
        if _append(_recent_path(owner), os.path.basename(pack.stem)) % JOIN_AT == 0:  # noqa: PTH119
            from mlgit.git.repack import repack_when_due

            join(owner)
            repack_when_due(owner)


def join(owner: PackOwner) -> None:
    """Join the remembered packs, unless `git gc` is at work on them.

    Raises:
        MlgitError: A pack is damaged; all are left as they are.
        OSError: The disk refused.
    """
    if gc_is_running(owner.common_dir):
        return
    from mlgit.git.pack import release
    from mlgit.git.pack_removal import remove_packs
    from mlgit.git.pack_roll import roll_up

    folder = f"{owner.objects.directory}/pack"
    stems = [f"{folder}/{name}" for name in _names(_recent_path(owner))]
    sizes = {stem: _size(stem) for stem in dict.fromkeys(stems)}
    small = [stem for stem, size in sizes.items() if 0 < size <= _LARGEST]
    large = [os.path.basename(stem) for stem, size in sizes.items() if size > _LARGEST]  # noqa: PTH119
    made = _joined(owner.objects, small) if small else None
    joined = [*_names(_joined_path(owner)), *large, *([made.stem] if made else ())]
    _remember(owner, joined)
    remove_packs([path for path in map(_pack_path, small) if path != made])
    if made:
        release(made)
    replace_file(_recent_path(owner), b"", durable=False)
    _remember(owner, roll_up(Path(owner.objects.directory), dict.fromkeys(joined)))


def joined_packs(owner: PackOwner) -> list[str]:
    """Names of the joined packs that nobody has taken over."""
    return _names(_joined_path(owner))


def take_joined(owner: PackOwner) -> None:
    """Leave the joined packs to who asks: they are rolled up no more from here.

    Hold `writer_lock` around this call.

    Raises:
        StorageFailed: The disk refused.
    """
    _remember(owner, ())


def _joined(objects: Objects, stems: list[str]) -> Path | None:
    """One guarded pack of all objects in some packs, read back before it is believed."""
    from mlgit.git.pack import PackWriter

    contents: _Contents = {}
    for stem in reversed(stems):
        contents.update(_contents(stem))
    with PackWriter(Path(objects.directory)) as writer:
        _add_history(objects, contents, writer)
        made = writer.finish()
        if made is not None:
            share(os.fspath(made), objects.shared)
            share(os.fspath(made.with_suffix(".idx")), objects.shared)
    if made is not None and _contents(os.fspath(made.with_suffix(""))).keys() != contents.keys():
        raise Damaged("a joined pack lacks objects", path=os.fspath(made), reason="not read back")
    return made


def _contents(stem: str) -> _Contents:
    """Every object of a pack, its name checked.

    Raises:
        Damaged: One of them is not what its name says.
    """
    from mlgit.git.pack_index import read_index

    pack = PackFile(stem)
    found: _Contents = {}
    places = read_index(Path(f"{stem}.idx"))[0]
    for place in sorted(places, key=lambda place: -place.offset):
        oid = place.id.hex().encode()
        found[oid] = pack.read(place.offset)
        if object_id(*found[oid]) != oid:
            raise Damaged(f"{stem}.pack is damaged", path=f"{stem}.pack", reason=oid.decode())
    pack.close()
    return found


def _add_history(objects: Objects, contents: _Contents, writer: PackWriter) -> None:
    """Feed a pack with objects, newest commit first, each after the newer one it resembles."""
    newer: Oid | None = None
    for kind, data in contents.values():
        if kind == COMMIT:
            writer.add(kind, data)
            tree = data[5:45]  # a commit begins `tree <id>`
            _add_tree(objects, contents, writer, (tree, newer))
            newer = tree
    for kind, data in contents.values():  # what none of these commits reaches
        writer.add(kind, data)


def _add_tree(
    objects: Objects, contents: _Contents, writer: PackWriter, pair: tuple[Oid, Oid | None]
) -> None:
    waiting = [pair]
    while waiting:
        oid, newer = waiting.pop()
        if oid in contents and oid not in writer:
            kind, data = contents[oid]
            writer.add(kind, data, newer)
            if kind == TREE:
                waiting += _changed_entries(objects, oid, newer)


def _changed_entries(
    objects: Objects, oid: Oid, newer: Oid | None
) -> Iterator[tuple[Oid, Oid | None]]:
    """Entries of a tree that the newer one has not, with what stands there in the newer."""
    beside: list[tuple[bytes, int, Oid]] = []
    if newer is not None:
        with suppress(Damaged, NotFound):
            beside = objects.tree_entries(newer)
    same = set(beside)
    changed = [entry for entry in objects.tree_entries(oid) if entry not in same]
    names = {name for name, _, _ in changed}
    others = {name: child for name, _, child in beside if name in names}
    for name, _, child in changed:
        yield child, others.get(name)


def _append(path: Path, name: str) -> int:
    """Add a line; how many there are now."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        write_whole(fd, name.encode() + b"\n")
        return os.fstat(fd).st_size // _LINE
    finally:
        os.close(fd)


def _pack_path(stem: str) -> Path:
    return Path(f"{stem}.pack")


def _recent_path(owner: PackOwner) -> Path:
    return owner.state_dir / "cache" / "recent-packs.txt"


def _joined_path(owner: PackOwner) -> Path:
    return owner.state_dir / "cache" / "joined-packs.txt"


def _names(path: Path) -> list[str]:
    """Pack names in a file; only what looks like one, for a path is made of it."""
    try:
        lines = read_file(path).decode("ascii", "replace").split()
    except FileNotFoundError:
        return []
    return [line for line in lines if line.startswith("pack-") and is_oid(line[5:].encode())]


def _remember(owner: PackOwner, names: Iterable[str]) -> None:
    text = "".join(f"{name}\n" for name in names)
    replace_file(_joined_path(owner), text.encode(), durable=False)


def _size(stem: str) -> int:
    """Bytes of a whole pack; 0 when a repack has replaced it."""
    try:
        return min(Path(f"{stem}{suffix}").stat().st_size for suffix in (".pack", ".idx"))
    except FileNotFoundError:
        return 0
