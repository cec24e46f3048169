"""Lines taken out of a reflog, so that `git gc` lets go of the commits that only they name."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.git.files import read_file, refusals, replace_file, sync_directory
from mlgit.git.oid import ZERO, Oid
from mlgit.git.reflock import RefLock
from mlgit.git.sharing import share, shared_mode

if TYPE_CHECKING:
    from mlgit.git.repository import Repository


def logged(repository: Repository, name: str) -> set[Oid]:
    """The commits that the reflog of a ref names; none where there is no log."""
    return logged_in(repository.common_dir / "logs" / name)


def logged_in(path: Path) -> set[Oid]:
    """The commits that a file of a reflog names."""
    try:
        content = read_file(path)
    except OSError:
        return set()
    return {oid for line in content.splitlines() for oid in line.split(b" ", 2)[:2]} - {ZERO}


def keep_logged(repository: Repository, name: str, wanted: Container[Oid]) -> None:
    """Drop the lines about commits that are not wanted; the first that stays begins the log.

    Raises:
        StorageFailed: The disk refused, or another program keeps the ref locked.
    """
    if all(oid in wanted for oid in logged(repository, name)):
        return
    path, shared = repository.common_dir / "logs" / name, shared_mode(repository.config)
    value = repository.refs.read(name) or ZERO
    with RefLock(repository.common_dir, name, value, repository.state_dir, shared):
        lines = read_file(path).splitlines(keepends=True)
        # Not beside the log: git would take what a killed process leaves there for another log.
        draft = repository.state_dir / "cache" / "reflog"
        replace_file(draft, b"".join(_kept(line, wanted) for line in lines), durable=True)
        share(str(draft), shared)
        with refusals(path, "write"):
            draft.replace(path)
            sync_directory(path.parent)


def _kept(line: bytes, wanted: Container[Oid]) -> bytes:
    old, _, rest = line.partition(b" ")
    if rest.partition(b" ")[0] not in wanted:
        return b""
    return b"%b %b" % (old if old in wanted else ZERO, rest)
