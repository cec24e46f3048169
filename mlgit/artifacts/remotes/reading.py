"""The bytes of a file of a place, in pieces: opened, streamed or in ranges, as the place has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.calling import wait
from mlgit.artifacts.remotes.connection import ABSENT
from mlgit.artifacts.remotes.failures import missing
from mlgit.artifacts.remotes.looking import heads

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.connection import Connection

PIECE = 8 << 20  # bytes that are asked for, and held, at once
_STREAMED = 1 << 20


def pieces_of(at: Connection, name: str, start: int) -> Iterator[bytes]:
    """The bytes of a file from `start` on, at most `PIECE` at a time.

    Raises:
        NotFound: There is no such file.
    """
    try:
        with at.answering():
            if at.place.opens:
                yield from _opened(at, name, start)
            elif at.place.stream:
                yield from _streamed(at, name, start)
            else:
                yield from _ranges(at, name, start)
    except ABSENT:
        at.require_place()
        raise missing(at.name, name) from None


def _opened(at: Connection, name: str, start: int) -> Iterator[bytes]:
    with at.fs.open(at.path(name), "rb") as file:
        file.seek(start)
        while data := file.read(PIECE):
            yield data


def _streamed(at: Connection, name: str, start: int) -> Iterator[bytes]:
    assert at.place.stream
    fs = at.fs
    try:
        body = wait(fs, at.place.stream(fs, at.path(name), start))
    except FileNotFoundError:
        raise
    except Exception:
        if not start or not _ends_at(at, name, start):
            raise
        return
    try:
        while data := wait(fs, _filled(body)):
            yield data
    finally:
        fs.loop.call_soon_threadsafe(body.close)


async def _filled(body: Any) -> bytes:
    """The next MiB of what is being received; less only at its end."""
    found = b""
    while len(found) < _STREAMED and (data := await body.read(_STREAMED - len(found))):
        found += data
    return found


def _ranges(at: Connection, name: str, start: int) -> Iterator[bytes]:
    data = b" " * PIECE
    while len(data) == PIECE:
        try:
            data = _range(at, at.path(name), start)
        except FileNotFoundError:
            raise
        except Exception:
            if not _ends_at(at, name, start):
                raise
            return
        start += len(data)
        if data:
            yield data


def _range(at: Connection, path: str, start: int) -> bytes:
    fs = at.fs
    if at.place.read:
        return wait(fs, at.place.read(fs, path, start, start + PIECE))
    if fs.async_impl:
        return bytes(wait(fs, fs._cat_file(path, start=start, end=start + PIECE)))
    return bytes(fs.cat_file(path, start=start, end=start + PIECE))


def _ends_at(at: Connection, name: str, start: int) -> bool:
    """Whether that is past the end: each server refuses to read there in a way of its own."""
    head = heads(at, [name]).get(name)
    return head is not None and start >= head.size
