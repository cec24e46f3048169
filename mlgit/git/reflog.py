"""The reflog line of a moved ref, written when git itself would write one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlgit import times
from mlgit.git.files import BINARY, refusals, write_whole
from mlgit.git.identity import signature
from mlgit.git.sharing import share, shared_mode

if TYPE_CHECKING:
    from mlgit.git.config import Config
    from mlgit.git.oid import Oid

_LOGGED = ("refs/heads/", "refs/remotes/", "refs/notes/")


class LogOwner(Protocol):
    """What the reflog needs to know of its repository."""

    common_dir: Path
    work_tree: Path | None
    config: Config


def append_reflog(owner: LogOwner, name: str, old: Oid, new: Oid, reason: str) -> None:
    """Add the line, if `core.logAllRefUpdates` asks for it or the ref has a log already.

    Raises:
        StorageFailed: The disk refused; a half-written line is taken back.
    """
    path = owner.common_dir / "logs" / name
    if not path.exists() and not _wanted(owner, name):
        return
    who = signature(owner.config, "committer")
    what = " ".join(reason.split()).encode("utf-8", "replace")
    line = b"%s %s %s %d +0000\t%s\n" % (old, new, who, times.now_ms() // 1000, what)
    with refusals(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        _append(path, line)
        share(os.fspath(path), shared_mode(owner.config))


def _wanted(owner: LogOwner, name: str) -> bool:
    value = (owner.config.get("core", "logallrefupdates") or "").lower()
    if value == "always":
        return True
    if value:
        return value in {"true", "yes", "on", "1"} and name.startswith(_LOGGED)
    return owner.work_tree is not None and name.startswith(_LOGGED)


def _append(path: Path, line: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | BINARY, 0o666)
    try:
        size = os.fstat(fd).st_size
        try:
            write_whole(fd, line)
        except OSError:
            os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)
