"""Files written to a place so that none is ever seen half written; moved, removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.calling import call, head_of, wait
from mlgit.artifacts.remotes.connection import ABSENT
from mlgit.artifacts.remotes.failures import no_place
from mlgit.errors import Unsupported
from mlgit.times import random_bytes

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.connection import Connection


@contextmanager
def writing(at: Connection) -> Iterator[None]:
    """The body writes.

    Raises:
        Unsupported: Nothing can be written there.
        StorageFailed: There is no such bucket or folder.
    """
    if at.place.read_only:
        raise Unsupported(
            f"{at.name} is read only",
            "put things there through the server's own means, or use another remote",
        )
    try:
        with at.answering():
            yield
    except ABSENT:
        raise no_place(at.name, at.place.top or at.place.root) from None


@contextmanager
def aside(at: Connection, name: str) -> Iterator[str]:
    """What the body writes: the file itself where a write is atomic.

    Else it is one in `tmp`, which is made lasting and moved afterwards.
    """
    if not at.place.renames:
        yield name
        return
    at.require_place()  # else it would be made, maybe below a mount point that is empty
    _make_folder(at.fs, at.path("tmp"))
    temporary = f"tmp/{random_bytes(16).hex()}"
    try:
        yield temporary
        _settle(at, at.path(temporary))
        move(at, temporary, name)
    except BaseException:
        with suppress(Exception):
            call(at.fs, "rm_file", at.path(temporary))
        raise


def _settle(at: Connection, path: str) -> None:
    if at.place.settle:
        answer = at.place.settle(at.fs, path)
        if answer is not None:
            wait(at.fs, answer)


def write_at(at: Connection, name: str, data: bytes, sha256: str) -> str:
    """Write bytes in one request; raises and returns as `Files.write_at`."""
    if at.place.write:
        return wait(at.fs, at.place.write(at.fs, at.path(name), data, sha256))
    call(at.fs, "pipe_file", at.path(name), data)
    return ""


def move(at: Connection, old: str, new: str) -> None:
    """Give a file another path; at each moment it is whole at one of them, or at both."""
    source, target = at.path(old), at.path(new)
    if at.place.rename:
        at.place.rename(source, target)
    elif at.place.renames:
        _make_folder(at.fs, target.rpartition("/")[0])
        call(at.fs, "mv", source, target)
    else:
        call(at.fs, "cp_file", source, target)
        if _size(at.fs, target) != _size(at.fs, source):
            raise OSError(f"a copy to {target} is not whole")
        call(at.fs, "rm_file", source)


def _size(fs: Any, path: str) -> int:
    return head_of(call(fs, "info", path)).size


def _make_folder(fs: Any, path: str) -> None:
    if fs.async_impl:
        wait(fs, fs._makedirs(path, exist_ok=True))
    else:
        fs.makedirs(path, exist_ok=True)
