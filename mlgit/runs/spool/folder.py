"""Recording on a shared file system without locks, or without a repository: into a spool.

A spool is laid out like `.git/mlgit/data`: `live/<run>/<writer>.journal`, and beside each journal
the artifacts that its writer kept, `<writer>.objects`. Each file has one writer, so nothing is ever
locked. `mlgit flush` brings what has ended to a store.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import StorageFailed
from mlgit.git.sharing import inherit
from mlgit.runs.journals import live_folder, paths_of
from mlgit.runs.notice import warn
from mlgit.store.store import Store

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache

VARIABLE = "MLGIT_SPOOL"
OBJECTS = ".objects"
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def named_spool() -> Path | None:
    """The spool that the environment names."""
    named = os.environ.get(VARIABLE)
    return Path(os.path.abspath(named)) if named else None  # noqa: PTH100  # no link is resolved


def own_spool(store: Store) -> Path:
    """The spool of a repository on a file system without locks."""
    return store.state / "data" / "spool"


def open_to_record(path: Path | None = None) -> Store:
    """The store to record runs in, for the folder `path` (see `Store.open`), or a spool for it.

    What is recorded goes into a spool where `MLGIT_SPOOL` names one, also outside of any
    repository, and, with a warning, where the store's file system knows no locks.

    Raises:
        As `Store.open`; StorageFailed: The spool cannot be made.
    """
    spool = named_spool()
    if spool is None:
        store = Store.open(path)
        if has_locks(store):
            return store
        store.make_folders()
        spool = own_spool(store)
        warn(f"no file can be locked in {store.repository.git_dir}: runs wait in {spool}")
    from mlgit.runs.spool.store import SpoolingStore, located_or_nowhere

    make_spool(spool)
    return SpoolingStore(located_or_nowhere(path, spool), spool)


def has_locks(store: Store) -> bool:
    """Whether files beside the store can be locked; where that cannot be known, they can."""
    if os.name == "nt":
        return True
    import fcntl

    try:
        with (store.repository.git_dir / "HEAD").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _WITHOUT_LOCKS
    return True


def make_spool(spool: Path) -> None:
    """Make a spool: its folder of runs is as open as the spool is, which is private where new.

    Raises:
        StorageFailed: It cannot be made.
    """
    try:
        with suppress(FileExistsError):
            spool.mkdir(0o700, parents=True)
            inherit(spool)
        live = live_folder(spool)
        if not live.is_dir():
            with suppress(FileExistsError):  # another job was faster
                live.mkdir(0o700)
                live.chmod(stat.S_IMODE(spool.stat().st_mode))
    except OSError as error:
        raise StorageFailed(
            f"cannot use the spool {spool}: {error.strerror}",
            f"set {VARIABLE} to a folder that this machine can write",
            path=str(spool),
        ) from error


def make_run_folder(spool: Path, run_id: str) -> None:
    """Make the folder of a run, for its writers only unless the spool is shared.

    Raises:
        StorageFailed: It cannot be made.
    """
    folder = live_folder(spool) / run_id
    try:
        with suppress(FileExistsError):
            folder.mkdir(0o700)
            inherit(folder)
    except OSError as error:
        raise StorageFailed(f"cannot make {folder}: {error.strerror}", path=str(folder)) from error


def objects_beside(journal: Path) -> Path:
    """Where the writer of a spooled journal keeps artifacts."""
    return journal.with_suffix(OBJECTS)


def caches(store: Store, run_id: str) -> list[ObjectCache]:
    """Where artifacts of a run may be on this machine."""
    from mlgit.artifacts.cache import ObjectCache

    own = ObjectCache(store.state / "data" / "objects")
    if not store.spools:
        return [own]
    beside = (objects_beside(path) for path in paths_of(store.data, run_id))
    return [own, *map(ObjectCache, beside)]
