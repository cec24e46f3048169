"""Loose objects: written whole and durable, believed only when they inflate to their name."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from mlgit.errors import Damaged
from mlgit.git.files import (
    CREATE_NEW,
    read_file,
    remove,
    start_writeback,
    storage_failed,
    sync_directory,
    write_whole,
)
from mlgit.git.oid import KINDS, Oid, header, object_id
from mlgit.git.sharing import share, share_folder

MAX_OBJECT = 1 << 30  # bytes; an object that declares more is refused before it is inflated
_AT_ONCE = 64  # files open at the same time
_ATTEMPTS = 50  # git's own clean-up removes empty fan-out folders between our mkdir and open


def loose_path(objects_dir: str, oid: Oid) -> str:
    """Where the loose file of an object is, or would be."""
    name = oid.decode("ascii")
    return f"{objects_dir}/{name[:2]}/{name[2:]}"


def read_loose(objects_dir: str, oid: Oid) -> tuple[int, bytes] | None:
    """Kind and data of a loose object, or None where there is no such file.

    Raises:
        Damaged: The file is empty, cut short, or not what its name says.
        StorageFailed: The file cannot be read.
    """
    path = loose_path(objects_dir, oid)
    try:
        packed = read_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage_failed(error, path, "read") from error
    try:
        kind, data = _inflate(packed)
    except (ValueError, zlib.error) as error:
        raise _damaged(path, oid, str(error)) from error
    if object_id(kind, data) != oid:
        raise _damaged(path, oid, "the content does not match the name")
    return kind, data


def _damaged(path: str, oid: Oid, reason: str) -> Damaged:
    return Damaged(
        f"object {oid.decode()[:12]} is damaged: {reason}",
        "fetch it again from a clone that has it, or run `mlgit doctor`",
        path=path,
        reason=reason,
        oid=oid.decode(),
    )


def _inflate(packed: bytes) -> tuple[int, bytes]:
    if not packed:
        raise ValueError("the file is empty")
    stream = zlib.decompressobj()
    start = stream.decompress(packed, 64)
    head, found, rest = start.partition(b"\0")
    name, _, digits = head.partition(b" ")
    if not found or name not in KINDS or not digits.isdigit() or len(digits) > 12:
        raise ValueError("the header is not that of a git object")
    size = int(digits)
    if size > MAX_OBJECT:
        raise ValueError(f"it declares {size} bytes, more than the limit of {MAX_OBJECT}")
    missing = size - len(rest)
    # One byte more than declared, so that a longer stream is seen without inflating it whole.
    data = rest + stream.decompress(stream.unconsumed_tail, missing + 1) if missing >= 0 else rest
    if len(data) != size or not stream.eof:
        raise ValueError("the file is cut short or longer than it declares")
    return KINDS[name], data


def is_whole(objects_dir: str, oid: Oid) -> bool:
    """Whether a loose object is there and inflates to its name.

    Raises:
        StorageFailed: The file cannot be read.
    """
    try:
        return read_loose(objects_dir, oid) is not None
    except Damaged:
        return False


def is_damaged(objects_dir: str, oid: Oid) -> bool:
    """Whether there is a loose file of that name that is not that object.

    Raises:
        StorageFailed: The file cannot be read.
    """
    try:
        read_loose(objects_dir, oid)
    except Damaged:
        return True
    return False


def write_loose(objects_dir: str, kind: int, data: bytes, *, durable: bool = True) -> Oid:
    """Write one object, healing a damaged one of that name; its id.

    Raises:
        StorageFailed: The disk refused; no temporary file is left.
    """
    return write_all(objects_dir, [(kind, data)], durable=durable)[0]


def write_all(
    objects_dir: str,
    objects: Iterable[tuple[int, bytes]],
    *,
    durable: bool = True,
    shared: int = 0,
) -> list[Oid]:
    """Write objects so that, when this returns, a power cut cannot take them.

    Many files are written before the first is forced to disk, which lets the file system
    commit them together; folders are forced once for each such batch. `shared` are permission
    bits that files get besides the umask's.

    Raises:
        StorageFailed: The disk refused; no temporary file is left.
    """
    oids: list[Oid] = []
    stream = iter(objects)
    while some := list(islice(stream, _AT_ONCE)):
        batch = _Batch(objects_dir, durable, shared)
        try:
            oids += [batch.add(kind, data) for kind, data in some]
            batch.publish()
        except OSError as error:
            raise storage_failed(error, error.filename or objects_dir, "write") from error
        finally:
            batch.close()
    return oids


class _Batch:
    """Temporary files that become objects together."""

    def __init__(self, objects_dir: str, durable: bool, shared: int) -> None:
        self.objects_dir = objects_dir
        self.durable = durable
        self.shared = shared
        self.waiting: dict[Oid, tuple[str, int, bytes]] = {}

    def add(self, kind: int, data: bytes) -> Oid:
        oid = object_id(kind, data)
        if oid not in self.waiting and not is_whole(self.objects_dir, oid):
            packed = zlib.compress(header(kind, len(data)) + data, 1)
            name, fd = _create_temporary(loose_path(self.objects_dir, oid))
            self.waiting[oid] = (name, fd, packed)
            write_whole(fd, packed)
            share(name, self.shared)
        return oid

    def publish(self) -> None:
        """Force the files to disk, give them their names, force the folders to disk."""
        folders = {}
        files = list(self.waiting.items())
        if self.durable:
            start_writeback([fd for _, (_, fd, _) in files])
            for _, (_, fd, _) in files:
                os.fsync(fd)
        for oid, (name, fd, packed) in files:
            os.close(fd)
            self.waiting[oid] = (name, -1, packed)
            _give_name(name, loose_path(self.objects_dir, oid), packed, durable=self.durable)
            del self.waiting[oid]
            folder = os.path.dirname(name)  # noqa: PTH120
            if folder not in folders:
                share_folder(folder, self.shared)
            folders[folder] = True
        for folder in folders if self.durable else ():
            with suppress(FileNotFoundError):  # removed again: whoever did it is looked for later
                sync_directory(folder)

    def close(self) -> None:
        """Remove what did not become an object."""
        for name, fd, _ in self.waiting.values():
            with suppress(OSError):
                if fd >= 0:
                    os.close(fd)
            with suppress(OSError):
                remove(name)


def _create_temporary(path: str) -> tuple[str, int]:
    """A new file beside `path` under a name that git's own clean-up knows, opened for writing."""
    folder, _, name = path.rpartition("/")
    temporary = f"{folder}/tmp_obj_{name[:8]}_{os.getpid()}_{os.urandom(3).hex()}"
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            return temporary, os.open(temporary, CREATE_NEW, 0o444)
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    raise FileNotFoundError(errno.ENOENT, "the folder is removed again and again", folder)


def _give_name(temporary: str, path: str, packed: bytes, *, durable: bool) -> None:
    """Rename into place; written anew when `git prune` took the temporary file away."""
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            os.replace(temporary, path)  # noqa: PTH105
            return
        temporary, fd = _create_temporary(path)
        try:
            write_whole(fd, packed)
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
    raise FileNotFoundError(errno.ENOENT, "the file is removed again and again", temporary)
