"""Refs, read strictly and moved by compare-and-swap with git's own lock protocol."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlgit.errors import Damaged, StorageFailed, Unsupported
from mlgit.git.files import read_file, refusals, storage_failed, sync_directory
from mlgit.git.oid import ZERO, Oid, is_oid
from mlgit.git.reflock import RefLock
from mlgit.git.reflog import append_reflog
from mlgit.git.sharing import shared_mode

if TYPE_CHECKING:
    from mlgit.git.config import Config


class RefOwner(Protocol):
    """What refs need to know of their repository."""

    git_dir: Path
    common_dir: Path
    state_dir: Path
    work_tree: Path | None
    config: Config


class Refs:
    """The refs of one repository."""

    def __init__(self, owner: RefOwner) -> None:
        self._owner = owner
        self._packed: tuple[tuple[int, ...], dict[str, Oid]] = (), {}

    def read(self, name: str) -> Oid | None:
        """What a ref points to; None only where it truly does not exist.

        Raises:
            Damaged: The file is empty or holds something else than an object id.
            Unsupported: It is a symbolic ref.
            StorageFailed: It cannot be read, which does not mean that it is absent.
        """
        path = self._path(name)
        try:
            content = read_file(path, getattr(os, "O_NOFOLLOW", 0))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return self._read_packed(name)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise _symbolic(name, os.fspath(path)) from error
            raise storage_failed(error, path, "read") from error
        return _parse(name, content, path)

    def names(self, prefix: str) -> list[str]:
        """Full names of the refs below `prefix` (such as `refs/remotes/`), sorted.

        Raises:
            StorageFailed: A folder cannot be listed.
            Damaged: packed-refs is not readable.
        """
        root = self._owner.common_dir / prefix
        found = {name for name in self._packed_refs() if name.startswith(prefix)}
        with refusals(root, "list"):
            for folder, _, files in os.walk(root, onerror=_unless_absent):
                base = Path(folder).relative_to(self._owner.common_dir).as_posix()
                found |= {f"{base}/{file}" for file in files if not file.endswith(".lock")}
        return sorted(found)

    def compare_and_swap(self, name: str, old: Oid | None, new: Oid, reason: str) -> bool:
        """Move a ref from `old` (None: it must not exist) to `new`; False when it is elsewhere.

        When this returns True the move is on disk; when it returns False nothing was written.

        Raises:
            StorageFailed: The disk refused, or another program keeps the ref locked.
            Damaged: The present value cannot be read.
            Unsupported: It is a symbolic ref, or its name clashes with another ref's.
        """
        path = self._path(name)
        owner = self._owner
        shared = shared_mode(owner.config)
        with RefLock(owner.common_dir, name, new, owner.state_dir, shared) as lock:
            if self.read(name) != old:
                return False
            if old is None:
                self._refuse_clash(name)
            append_reflog(owner, name, old or ZERO, new, reason)
            with refusals(path, "write"):
                _remove_empty_folders(path)
                lock.become(path)
                sync_directory(path.parent)
        # Read back: an unreadable ref must not pass for success. Another value is no failure,
        # for then another program has moved the ref on since.
        self.read(name)
        return True

    def _path(self, name: str) -> Path:
        return self._owner.common_dir / name

    def _read_packed(self, name: str) -> Oid | None:
        return self._packed_refs().get(name)

    def _packed_refs(self) -> dict[str, Oid]:
        path = self._owner.common_dir / "packed-refs"
        try:
            status = path.stat()
            version = (status.st_ino, status.st_size, status.st_mtime_ns)
            if version != self._packed[0]:  # git replaces the file whole
                self._packed = version, parse_packed_refs(read_file(path), path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise storage_failed(error, path, "read") from error
        return self._packed[1]

    def _refuse_clash(self, name: str) -> None:
        parents = {name.rsplit("/", n)[0] for n in range(1, name.count("/") - 1)}
        for other in self.names("refs/"):
            if other.startswith(f"{name}/") or other in parents:
                raise Unsupported(
                    f"git cannot hold {name} beside {other}",
                    f"rename that branch: git branch -m {other.removeprefix('refs/heads/')} NEW",
                    ref=name,
                    clash=other,
                )


def parse_packed_refs(content: bytes, path: Path) -> dict[str, Oid]:
    """Ids by name in a packed-refs file.

    Raises:
        Damaged: A line is not of that format, or the file is empty (git never leaves one so).
    """
    found = {}
    for line in content.splitlines():
        oid, space, name = line.partition(b" ")
        if line.startswith((b"#", b"^")):
            continue
        if not space or not is_oid(oid) or not name or b"\0" in name:
            raise _damaged("packed-refs", path, "a line is not an object id and a name")
        found[name.decode("utf-8", "surrogateescape")] = oid
    if not content:
        raise _damaged("packed-refs", path, "the file is empty")
    return found


def _parse(name: str, content: bytes, path: Path) -> Oid:
    if content.startswith(b"ref:"):
        raise _symbolic(name, os.fspath(path))
    oid = content.rstrip()
    if not content:
        raise _damaged(name, path, "the file is empty")
    if not is_oid(oid) or oid == ZERO:
        raise _damaged(name, path, "it does not hold an object id")
    return oid


def _damaged(name: str, path: Path, reason: str) -> Damaged:
    return Damaged(
        f"the ref {name} is damaged: {reason}",
        f"its history is in `git reflog show {name}`; set it again with "
        f"`git update-ref {name} <id>` after removing {path}",
        path=os.fspath(path),
        reason=reason,
        ref=name,
    )


def _symbolic(name: str, path: str) -> Unsupported:
    return Unsupported(
        f"{name} is a symbolic ref; mlgit writes only branches of their own",
        f"see `git symbolic-ref {name}`",
        path=path,
        ref=name,
    )


def _unless_absent(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


def _remove_empty_folders(path: Path) -> None:
    """Git leaves empty folders where `mlgit/x` once was; a ref cannot be written over one."""
    if path.is_dir():
        for folder, _, _ in os.walk(path, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)  # noqa: PTH106
        if path.is_dir():
            raise StorageFailed(f"{path} is a folder with files in it", path=os.fspath(path))
