"""Many small commits must not bury a repository: loose objects become packs, packs stay few.

Packing runs in a process of its own at low priority, at most one a clone, and holds no lock that
a writer waits for. Only what the data branch reaches is packed; nothing is ever dropped.
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
from mlgit.git.files import replace_file, sync_directory
from mlgit.git.gcguard import gc_is_running
from mlgit.git.holder import age_seconds, release, try_lock
from mlgit.git.oid import Oid
from mlgit.git.repository import Repository

DUE = 16_000  # loose objects: some 1,500 runs, 64 MB on a disk with blocks of 4 kB
_SAMPLED = ("17", "5a", "9c", "e3")  # fan-out folders; ids are spread evenly, so four say enough
_FORGOTTEN = 86_400  # seconds after which a temporary file has no writer any more
_PATIENCE = 7_200.0  # seconds for one git command, far more than it needs
_PACK_NAME = re.compile(r"pack-[0-9a-f]{40}")

# Nothing may be imported from the current folder, which `-c` puts first; this package's own
# folder comes last, so that it stands in front of no module that Python would find without it.
_CHILD = (
    "import sys; del sys.path[0]; sys.path.append(sys.argv[1]); "
    "from mlgit.git.repack import main; main()"
)


@dataclass(frozen=True)
class _Memory:
    """What packing remembers: how many loose objects it had to leave, and its packs by name."""

    loose: int = 0
    packs: tuple[str, ...] = ()


def loose_count_estimate(objects: Path) -> int:
    """About how many loose objects an object folder holds; reads four of its 256 folders."""
    found = 0
    for name in _SAMPLED:
        with suppress(FileNotFoundError, NotADirectoryError):
            found += len(os.listdir(objects / name))  # noqa: PTH208 (names only, no Path each)
    return found * 256 // len(_SAMPLED)


def should_repack(repository: Repository) -> bool:
    """Whether packing is due: enough loose objects have come since the last time."""
    objects = repository.common_dir / "objects"
    count = loose_count_estimate(objects)
    if count < DUE or count - _recall(repository).loose < DUE:
        return False
    return not _must_wait(repository)


def repack_when_due(repository: Repository, ref: str) -> bool:
    """After a publication: start packing in the background if it is due.

    Never raises and never waits: a run is published whether or not packing works.
    """
    with suppress(MlgitError, OSError):
        if not sys.executable or getattr(sys, "frozen", False) or not should_repack(repository):
            return False
        with _only_packer(repository) as alone:
            if not alone:
                return False
            # Others see that it is taken care of; should it fail, it is due as much later.
            left = loose_count_estimate(repository.common_dir / "objects")
            _remember(repository, _Memory(left, _recall(repository).packs))
        home = Path(__file__).parents[2]
        place = repository.common_dir.absolute()
        argv = [sys.executable, "-c", _CHILD, os.fspath(home), os.fspath(place), ref]
        process.spawn_detached(argv, cwd=home)
        return True
    return False


def main() -> None:
    """What the background process does: `repack` for the folder and ref it was given."""
    with Repository.discover(Path(sys.argv[2])) as repository:
        repack(repository, sys.argv[3])


def repack(repository: Repository, ref: str) -> bool:
    """Pack the loose objects that `ref` reaches and join small packs of ours.

    Safe beside any writer and any git command; a kill at any moment loses and blocks nothing.

    Returns:
        False when another process is packing already, or git is.

    Raises:
        MlgitError: An object of the branch is damaged, or git failed.
        OSError: The disk refused.
    """
    from mlgit.git.pack_roll import adopt_abandoned, roll_up

    with _only_packer(repository) as alone:
        tip = repository.refs.read(ref)
        if not alone or tip is None or _must_wait(repository):
            return False
        objects = repository.common_dir / "objects"
        _remove_forgotten(objects / "pack")
        packs = [*_recall(repository).packs, *adopt_abandoned(objects)]
        try:
            packs += _pack_loose(repository, tip)
        finally:  # also before joining: what is half removed by a kill must be known as ours
            _remember(repository, _Memory(loose_count_estimate(objects), tuple(packs)))
        packs = roll_up(objects, dict.fromkeys(packs))
        _remember(repository, _Memory(loose_count_estimate(objects), tuple(packs)))
    return True


def _pack_loose(repository: Repository, tip: Oid) -> list[str]:
    """Pack what is loose and reached by `tip`; names of the new packs."""
    if process.git_program() is not None:
        return _pack_with_git(repository.common_dir, tip)
    from mlgit.git.pack_loose import pack_loose

    pack = pack_loose(repository.objects, tip)
    return [pack.stem] if pack else []


def _pack_with_git(common_dir: Path, tip: Oid) -> list[str]:
    """As `git repack -d -l`, but only of the data branch, and on one processor."""
    prefix = common_dir / "objects" / "pack" / "pack"
    options = "--revs --unpacked --incremental --local --non-empty --delta-base-offset --threads=1"
    made = process.git(
        ["pack-objects", "--quiet", "--honor-pack-keep", *options.split(), os.fspath(prefix)],
        git_dir=common_dir,
        stdin=tip + b"\n",
        timeout=_PATIENCE,
    )
    sync_directory(prefix.parent)
    process.git(["prune-packed", "--quiet"], git_dir=common_dir, timeout=_PATIENCE)
    return [f"pack-{name}" for name in made.stdout.decode().split()]


def _must_wait(repository: Repository) -> bool:
    """Whether git is cleaning up, or objects are elsewhere than where we would pack them."""
    objects = repository.common_dir / "objects"
    elsewhere = Path(repository.objects.directory) != objects
    partial = any((objects / "pack").glob("*.promisor"))
    return elsewhere or partial or gc_is_running(repository.common_dir)


@contextmanager
def _only_packer(repository: Repository) -> Iterator[bool]:
    """Whether this process is the one that packs, for as long as the block lasts."""
    repository.state_dir.mkdir(exist_ok=True)
    handle = os.open(repository.state_dir / "repack.lock", os.O_RDWR | os.O_CREAT, 0o666)
    if not try_lock(handle):
        os.close(handle)
        yield False
        return
    try:
        yield True
    finally:
        release(handle)


def _memory_path(repository: Repository) -> Path:
    return repository.state_dir / "cache" / "packs.txt"


def _recall(repository: Repository) -> _Memory:
    """What was remembered; without the file, packs made before it was lost stay as they are."""
    try:
        words = _memory_path(repository).read_text("utf-8", "replace").split()
    except OSError:
        return _Memory()
    loose = int(words[0]) if words and words[0].isdecimal() else 0
    return _Memory(loose, tuple(word for word in words[1:] if _PACK_NAME.fullmatch(word)))


def _remember(repository: Repository, memory: _Memory) -> None:
    lines = [str(memory.loose), *memory.packs, ""]
    replace_file(_memory_path(repository), "\n".join(lines).encode(), durable=False)


def _remove_forgotten(folder: Path) -> None:
    """Remove what killed packers left under names that git's own clean-up would remove too."""
    for path in folder.glob("tmp_*"):
        with suppress(OSError):
            if age_seconds(path) > _FORGOTTEN:
                path.unlink()
