"""A ref removed as git does it: from packed-refs first, so that no old value comes back."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import StorageFailed
from mlgit.git.files import CREATE_NEW, read_file, refusals, sync_directory, write_whole
from mlgit.git.reflock import RefLock
from mlgit.git.sharing import share, shared_mode

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

_PATIENCE = 5.0  # seconds that another program may keep packed-refs locked
_PAUSE = 0.01


def remove_ref(repository: Repository, name: str, old: Oid) -> bool:
    """Remove a ref that has the value `old`; False when it has another, or none.

    Raises:
        StorageFailed: The disk refused, or another program keeps the ref locked.
        Damaged: The present value cannot be read.
    """
    common = repository.common_dir
    shared = shared_mode(repository.config)
    with RefLock(common, name, old, repository.state_dir, shared):
        if repository.refs.read(name) != old:
            return False
        path = common / name
        with refusals(path, "remove"):
            _unpack(common / "packed-refs", name, shared)
            path.unlink(missing_ok=True)
            (common / "logs" / name).unlink(missing_ok=True)
            sync_directory(path.parent)
    return True


def _unpack(path: Path, name: str, shared: int) -> None:
    """Leave the ref out of packed-refs, under git's own lock of that file."""
    if not _lists(path, name):
        return
    lock = path.with_name("packed-refs.lock")
    fd = _locked(lock)
    try:
        try:
            write_whole(fd, _without(read_file(path), name))
            os.fsync(fd)
        finally:
            os.close(fd)
        share(os.fspath(lock), shared)
        lock.replace(path)
    except BaseException:
        lock.unlink(missing_ok=True)
        raise


def _lists(path: Path, name: str) -> bool:
    try:
        return f" {name}\n".encode("utf-8", "surrogateescape") in read_file(path)
    except FileNotFoundError:
        return False


def _without(content: bytes, name: str) -> bytes:
    """The file without the line of that ref and the line about it (`^…`) that may follow."""
    ending = f" {name}\n".encode("utf-8", "surrogateescape")
    kept: list[bytes] = []
    dropped = False
    for line in content.splitlines(keepends=True):
        dropped = line.endswith(ending) or (dropped and line.startswith(b"^"))
        if not dropped:
            kept.append(line)
    return b"".join(kept)


def _locked(lock: Path) -> int:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return os.open(lock, CREATE_NEW, 0o666)
        except FileExistsError:
            if time.monotonic() > deadline:
                raise StorageFailed(
                    f"{lock} is there: another git program is at work, or one crashed",
                    f"if no git command is running in this repository: rm {lock}",
                    path=os.fspath(lock),
                ) from None
        time.sleep(_PAUSE)
