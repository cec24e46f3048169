"""The files of a place by their paths below its root; whatever fails fails in our words."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remote import Key
from mlgit.artifacts.remotes.calling import call, head_of, together, wait
from mlgit.artifacts.remotes.failures import answering, missing, no_place
from mlgit.errors import RemoteFailed, Unsupported
from mlgit.times import random_bytes

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.place import Head, Place

PIECE = 8 << 20  # bytes that are asked for, and held, at once
_STREAMED = 1 << 20
_INHERITED: list[Any] = []  # to let go of a connection would close it for the parent, too
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class Files:
    """A place's files; many threads may use it at once, and a child process after a fork."""

    def __init__(self, name: str, place: Place) -> None:
        self.name = name
        self.place = place
        self._process = 0
        self._made: Any = None

    @property
    def fs(self) -> Any:
        """The file system of this process, made anew after a fork or a lost connection."""
        if self._process != os.getpid():  # a lock that another thread held would stay held
            _INHERITED.append(self._made)
            self._lock, self._made, self._process = Lock(), None, os.getpid()
        with self._lock:
            if self._made is None:
                with answering(self.name):
                    self._made = _made(self.place)
            return self._made

    @contextmanager
    def answering(self) -> Iterator[None]:
        """As `failures.answering`; after a failure that may pass, the connection is made anew."""
        try:
            with answering(self.name):
                yield
        except RemoteFailed:
            if self.place.connected:
                self._made = None
            raise

    def path(self, name: str) -> str:
        """What the file system calls a file."""
        return f"{self.place.root}/{name}" if name else self.place.root

    def heads(self, names: Collection[str]) -> dict[str, Head]:
        """What the place says now of those of the files that are there.

        Raises:
            RemoteFailed: Not all could be asked.
            StorageFailed: There is no such place, or it lets nobody in.
        """
        fs, asked = self.fs, list(names)
        with self.answering():
            if fs.async_impl:
                found = together(fs, [self._ask(fs, self.path(name)) for name in asked])
            else:
                found = [_look(fs, self.path(name)) for name in asked]
        if asked and not any(found):
            self.require_place()
        return {name: head for name, head in zip(asked, found, strict=True) if head}

    async def _ask(self, fs: Any, path: str) -> Head | None:
        try:
            if self.place.head:
                return await self.place.head(fs, path)
            return head_of(await fs._info(path))
        except _ABSENT:
            return None

    def require_place(self) -> None:
        """Raise StorageFailed where not even the bucket or folder is there."""
        if self.place.top:
            try:
                with self.answering(), suppress(PermissionError):  # not everybody may ask that
                    call(self.fs, "info", self.place.top)
            except _ABSENT:
                raise no_place(self.name, self.place.top) from None

    def pieces_of(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file from `start` on, at most `PIECE` at a time.

        Raises:
            NotFound: There is no such file.
        """
        fs, path = self.fs, self.path(name)
        try:
            with self.answering():
                if self.place.opens:
                    yield from _opened(fs, path, start)
                elif self.place.stream:
                    yield from self._streamed(fs, name, start)
                else:
                    yield from self._ranges(fs, name, start)
        except _ABSENT:
            self.require_place()
            raise missing(self.name, name) from None

    def _streamed(self, fs: Any, name: str, start: int) -> Iterator[bytes]:
        assert self.place.stream
        try:
            body = wait(fs, self.place.stream(fs, self.path(name), start))
        except FileNotFoundError:
            raise
        except Exception:
            if not start or not self._ends_at(name, start):
                raise
            return
        try:
            while data := wait(fs, _filled(body)):
                yield data
        finally:
            fs.loop.call_soon_threadsafe(body.close)

    def _ends_at(self, name: str, start: int) -> bool:
        head = self.heads([name]).get(name)
        return head is not None and start >= head.size

    def _ranges(self, fs: Any, name: str, start: int) -> Iterator[bytes]:
        data = b" " * PIECE
        while len(data) == PIECE:
            try:
                data = self._range(fs, self.path(name), start)
            except FileNotFoundError:
                raise
            except Exception:  # each server refuses a range at the end in its own way
                if not self._ends_at(name, start):
                    raise
                return
            start += len(data)
            if data:
                yield data

    def _range(self, fs: Any, path: str, start: int) -> bytes:
        if self.place.read:
            return wait(fs, self.place.read(fs, path, start, start + PIECE))
        if fs.async_impl:
            return bytes(wait(fs, fs._cat_file(path, start=start, end=start + PIECE)))
        return bytes(fs.cat_file(path, start=start, end=start + PIECE))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The body writes.

        Raises:
            Unsupported: Nothing can be written there.
            StorageFailed: There is no such bucket or folder.
        """
        if self.place.read_only:
            raise Unsupported(
                f"{self.name} is read only",
                "put things there through the server's own means, or use another remote",
            )
        try:
            with self.answering():
                yield
        except _ABSENT:
            raise no_place(self.name, self.place.top or self.place.root) from None

    def write(self, name: str, data: bytes, sha256: str = "") -> None:
        """Write a small file, or replace it whole; a place that can refuses another digest."""
        with self.writing(), self.aside(name) as aside:
            self.write_at(aside, data, sha256)

    def write_at(self, name: str, data: bytes, sha256: str) -> str:
        """Write the bytes in one request; in the body of `writing`.

        Returns the digest that the place has computed of them, in hex, where it says one.
        """
        if self.place.write:
            return wait(self.fs, self.place.write(self.fs, self.path(name), data, sha256))
        call(self.fs, "pipe_file", self.path(name), data)
        return ""

    @contextmanager
    def aside(self, name: str) -> Iterator[str]:
        """What the body writes, so that no file is ever seen half written.

        It is the file itself where a write is atomic; else one in `tmp`, moved afterwards.
        """
        if not self.place.renames:
            yield name
            return
        self.require_place()  # else it would be made, maybe below a mount point that is empty
        make_folder(self.fs, self.path("tmp"))
        temporary = f"tmp/{random_bytes(16).hex()}"
        try:
            yield temporary
            self._settle(self.path(temporary))
            self._rename(self.path(temporary), self.path(name))
        except BaseException:
            with suppress(Exception):
                call(self.fs, "rm_file", self.path(temporary))
            raise

    def _settle(self, path: str) -> None:
        if self.place.settle:
            answer = self.place.settle(self.fs, path)
            if answer is not None:
                wait(self.fs, answer)

    def _rename(self, old: str, new: str) -> None:
        if self.place.rename:
            self.place.rename(old, new)
            return
        if not self.place.renames:
            call(self.fs, "cp_file", old, new)
            if self._size(new) != self._size(old):
                raise OSError(f"a copy to {new} is not whole")
            call(self.fs, "rm_file", old)
            return
        make_folder(self.fs, new.rpartition("/")[0])
        call(self.fs, "mv", old, new)

    def _size(self, path: str) -> int:
        return head_of(call(self.fs, "info", path)).size

    def read(self, name: str) -> bytes:
        """A small file.

        Raises:
            NotFound: There is none.
        """
        return b"".join(self.pieces_of(name))

    def move(self, old: str, new: str) -> None:
        """Give a file another path; at each moment it is whole at one of them, or at both.

        Raises:
            NotFound: There is no such file.
        """
        if self.key(old) is None:
            raise missing(self.name, old)
        with self.writing():
            self._rename(self.path(old), self.path(new))

    def remove(self, name: str) -> None:
        """Remove a file; it need not be there."""
        with self.writing(), suppress(FileNotFoundError):
            call(self.fs, "rm_file", self.path(name))

    def key(self, name: str) -> Key | None:
        """One file as it is now; None where there is none."""
        found = self.heads([name]).get(name)
        return found and Key(name, found.size, found.modified)

    def keys(self, under: str) -> Iterator[Key]:
        """Every file below the folder `under`; none where there is no such folder."""
        empty = True
        for folder in self._parts(under):
            for path, info in self._found(folder).items():
                empty = False
                head = head_of(info)
                yield Key(self._name_of(path), head.size, head.modified)
        if empty:
            self.require_place()

    def _parts(self, under: str) -> list[str]:
        """Folders that hold together what `under` does: a million names are not held at once."""
        if under.strip("/") != "sha256":
            return [self.path(under.strip("/"))]
        try:
            with self.answering():
                inside = call(self.fs, "ls", self.path("sha256"), True)
        except _ABSENT:
            return []
        folders = [info["name"] for info in inside if info["type"] == "directory"]
        return sorted(path.rstrip("/") for path in folders)

    def _found(self, folder: str) -> dict[str, dict[str, Any]]:
        fs = self.fs
        try:
            with self.answering():
                if fs.async_impl:
                    return dict(wait(fs, fs._find(folder, detail=True), 3600))
                return dict(fs.find(folder, detail=True))
        except _ABSENT:
            return {}

    def _name_of(self, path: str) -> str:
        return path.strip("/")[len(self.place.root.strip("/")) :].lstrip("/")


def _made(place: Place) -> Any:
    try:
        return place.make()
    except (ValueError, TypeError) as error:  # how a library says that settings are missing
        raise PermissionError(str(error)) from None


def make_folder(fs: Any, path: str) -> None:
    """Make a folder and those above it; it may be there."""
    if fs.async_impl:
        wait(fs, fs._makedirs(path, exist_ok=True))
    else:
        fs.makedirs(path, exist_ok=True)


def _look(fs: Any, path: str) -> Head | None:
    try:
        return head_of(fs.info(path))
    except _ABSENT:
        return None


async def _filled(body: Any) -> bytes:
    """The next MiB of what is being received; less only at its end."""
    found = b""
    while len(found) < _STREAMED and (data := await body.read(_STREAMED - len(found))):
        found += data
    return found


def _opened(fs: Any, path: str, start: int) -> Iterator[bytes]:
    with fs.open(path, "rb") as file:
        file.seek(start)
        while data := file.read(PIECE):
            yield data
