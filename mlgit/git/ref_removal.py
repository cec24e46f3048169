"""A ref removed as git does it: from packed-refs first, so that no old value comes back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.git.files import read_file, refusals, replace_file, sync_directory
from mlgit.git.reflock import PACKED, RefLock
from mlgit.git.sharing import shared_mode

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository


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
            _unpack(repository, name, old)
            # Before the ref: whoever is killed in between can ask for the removal again.
            (common / "logs" / name).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            sync_directory(path.parent)
    return True


def _unpack(repository: Repository, name: str, old: Oid) -> None:
    """Leave the ref out of packed-refs, under git's own lock of that file."""
    common = repository.common_dir
    path = common / PACKED
    if not _lists(path, name):
        return
    with RefLock(common, PACKED, old, repository.state_dir, shared_mode(repository.config)):
        replace_file(path, _without(read_file(path), name), durable=True)


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
