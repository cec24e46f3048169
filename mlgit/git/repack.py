"""Many small commits must not bury a repository: packs of a few commits become dense ones.

A writer joins the packs of single commits as it goes (`joining`). What is left for later is to
store thousands of commits together, in which a run takes a third of the space. That is done by a
process of its own at low priority, at most one a clone; a writer waits for it no longer than it
takes to rewrite a list of names. Only packs of ours are touched, and no object is dropped.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mlgit import process
from mlgit.errors import MlgitError
from mlgit.git.files import replace_file
from mlgit.git.gcguard import gc_is_running
from mlgit.git.holder import release, try_lock
from mlgit.git.joining import PackOwner, joined_packs, take_joined
from mlgit.git.lock import writer_lock
from mlgit.git.sharing import open_or_make

DUE = 24_000  # objects in joined packs: some 2,000 runs
DUE_BYTES = 32 << 20  # or so much space: the trees of an old store are big
_ENTRY = 28  # bytes an object takes in the index of a pack, beside what every index has
_INDEX = 1072
_PACK_NAME = re.compile(r"pack-[0-9a-f]{40}")

# Nothing may be imported from the current folder, which `-c` puts first; this package's own
# folder comes last, so that it stands in front of no module that Python would find without it.
_CHILD = (
    "import sys; del sys.path[0]; sys.path.append(sys.argv[1]); "
    "from mlgit.git.repack import main; main()"
)


@dataclass(frozen=True)
class _Memory:
    """Names of our packs that writers know no more of: those to make dense, and dense ones."""

    waiting: tuple[str, ...] = ()
    dense: tuple[str, ...] = ()


def should_repack(repository: PackOwner) -> bool:
    """Whether repacking is due; costs a few looks at the sizes of files."""
    folder = Path(repository.objects.directory) / "pack"
    objects, size = _weigh(folder, joined_packs(repository))
    return (objects >= DUE or size >= DUE_BYTES) and not _must_wait(repository)


def repack_when_due(repository: PackOwner) -> bool:
    """After packs were joined: start repacking in the background if it is due.

    Never raises and never waits: a run is published whether or not repacking works.
    """
    with suppress(MlgitError, OSError):
        if not sys.executable or getattr(sys, "frozen", False) or not should_repack(repository):
            return False
        with _only_packer(repository) as alone:
            if not alone:
                return False
        home = Path(__file__).parents[2]
        place = repository.common_dir.absolute()
        argv = [sys.executable, "-c", _CHILD, os.fspath(home), os.fspath(place)]
        process.spawn_detached(argv, cwd=home)
        return True
    return False


def main() -> None:
    """What the background process does: `repack` for the folder it was given."""
    from mlgit.git.repository import Repository

    with Repository.discover(Path(sys.argv[2])) as repository:
        if should_repack(repository):  # else another one was faster
            repack(repository)


def repack(repository: PackOwner) -> bool:
    """Make one dense pack of all joined ones, and keep dense packs few.

    Safe beside any writer and any git command; a kill at any moment loses and blocks nothing.

    Returns:
        False when another process is repacking already, or git is.

    Raises:
        MlgitError: An object of ours is damaged.
        OSError: The disk refused, or git has repacked meanwhile.
    """
    from mlgit.git.pack import release as unguard
    from mlgit.git.pack_dense import pack_densely
    from mlgit.git.pack_removal import remove_packs
    from mlgit.git.pack_roll import roll_up

    with _only_packer(repository) as alone:
        if not alone or _must_wait(repository):
            return False
        objects = Path(repository.objects.directory)
        memory = _take_over(repository, objects)
        packs = [objects / "pack" / f"{name}.pack" for name in memory.waiting]
        made = pack_densely(repository.objects, packs)
        dense = (*memory.dense, *([made.stem] if made else ()))
        # Still waiting: should the removal be cut short, it goes on the next time.
        _remember(repository, _Memory(memory.waiting, dense))
        remove_packs([pack for pack in packs if pack != made])
        if made is not None:
            unguard(made)
        few = roll_up(objects, dict.fromkeys(dense), repository.objects.shared)
        _remember(repository, _Memory((), tuple(few)))
    return True


def _take_over(repository: PackOwner, objects: Path) -> _Memory:
    """Make the joined packs ours to change, together with what killed packers left behind."""
    from mlgit.git.pack_removal import plain_packs, remove_remains
    from mlgit.git.pack_roll import adopt_abandoned

    memory, folder = _recall(repository), objects / "pack"
    for name in memory.waiting:
        remove_remains(folder / f"{name}.pack")
    with writer_lock(repository.state_dir):
        # Only now is no writer joining packs, so that a guarded one is an abandoned one.
        found = [*memory.waiting, *adopt_abandoned(objects), *joined_packs(repository)]
        ours = plain_packs(folder).difference(memory.dense)
        waiting = tuple(name for name in dict.fromkeys(found) if name in ours)
        taken = _Memory(waiting, memory.dense)
        _remember(repository, taken)
        take_joined(repository)
    return taken


def _must_wait(repository: PackOwner) -> bool:
    """Whether git is cleaning up, or fetches what is missing from elsewhere as it goes."""
    folder = Path(repository.objects.directory) / "pack"
    return gc_is_running(repository.common_dir) or any(folder.glob("*.promisor"))


def _weigh(folder: Path, names: list[str]) -> tuple[int, int]:
    """How many objects some packs hold, by the sizes of their indexes, and their bytes."""
    objects = size = 0
    for name in names:
        with suppress(FileNotFoundError):
            objects += max(0, (folder / f"{name}.idx").stat().st_size - _INDEX) // _ENTRY
            size += (folder / f"{name}.pack").stat().st_size
    return objects, size


@contextmanager
def _only_packer(repository: PackOwner) -> Iterator[bool]:
    """Whether this process is the one that repacks, for as long as the block lasts."""
    handle = open_or_make(repository.state_dir / "repack.lock", os.O_RDWR)
    if not try_lock(handle):
        os.close(handle)
        yield False
        return
    try:
        yield True
    finally:
        release(handle)


def _memory_path(repository: PackOwner) -> Path:
    return repository.state_dir / "cache" / "dense-packs.txt"


def _recall(repository: PackOwner) -> _Memory:
    """What was remembered; without the file, packs made before it was lost stay as they are."""
    try:
        text = _memory_path(repository).read_text("utf-8", "replace")
    except OSError:
        return _Memory()
    waiting, _, dense = text.partition("dense")
    return _Memory(tuple(_PACK_NAME.findall(waiting)), tuple(_PACK_NAME.findall(dense)))


def _remember(repository: PackOwner, memory: _Memory) -> None:
    lines = ["waiting", *memory.waiting, "dense", *memory.dense, ""]
    replace_file(_memory_path(repository), "\n".join(lines).encode(), durable=False)
