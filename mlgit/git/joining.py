"""The small packs of single commits, joined before there are many: a score of them becomes one.

They are put behind each other as they are, which costs a writer next to nothing; joined packs are
joined in turn, so that their number grows with the logarithm of the number of commits. `repack`
stores them densely later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlgit.errors import MlgitError
from mlgit.git.files import read_file, replace_file, write_whole
from mlgit.git.gcguard import gc_is_running
from mlgit.git.oid import is_oid
from mlgit.git.sharing import open_or_make

if TYPE_CHECKING:
    from mlgit.git.commit_pack import CommitPack
    from mlgit.git.objects import Objects

JOIN_AT = 24  # git's own limit, at which it packs everything anew, is 50 packs of any origin
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
        OSError: The disk refused; all are left as they are.
    """
    if gc_is_running(owner.common_dir):
        return
    from mlgit.git.pack_removal import forget_stale_index
    from mlgit.git.pack_roll import roll_up

    objects = owner.objects
    forget_stale_index(Path(objects.directory, "pack"))
    names = dict.fromkeys([*_names(_joined_path(owner)), *_names(_recent_path(owner))])
    _remember(owner, names)
    replace_file(_recent_path(owner), b"", durable=False)
    _remember(owner, roll_up(Path(objects.directory), names, objects.shared))


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


def _append(path: Path, name: str) -> int:
    """Add a line; how many there are now."""
    fd = open_or_make(path, os.O_WRONLY | os.O_APPEND)
    try:
        write_whole(fd, name.encode() + b"\n")
        return os.fstat(fd).st_size // _LINE
    finally:
        os.close(fd)


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
