"""A pack that another program sends: kept aside, read with suspicion, stored by our own writer.

Nothing of its bytes is kept as it came, and of what it declares nothing is believed.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

from mlgit.errors import Damaged
from mlgit.git.commit_pack import PACKER_PREFIX
from mlgit.git.files import CREATE_NEW, refusals, write_whole
from mlgit.git.loose import MAX_OBJECT
from mlgit.git.oid import KIND_NAMES, Oid
from mlgit.git.pack import PackWriter
from mlgit.git.pack_file import ID_DELTA, OFFSET_DELTA, PackFile, entry_header, read_distance

LARGEST = 4 << 30  # bytes of one transfer; a store of 100,000 runs has a twentieth of that
_HEADER = b"PACK\x00\x00\x00\x02"
_START = len(_HEADER) + 4
_ROUNDS = 50  # differences may come before what they differ from, but honest ones hardly do


class _Entry(NamedTuple):
    """An entry of a pack; `base` is the offset or raw id of what it differs from."""

    offset: int
    kind: int
    base: int | bytes | None
    content: bytes


class IncomingPack:
    """A pack as it comes in; a context manager that removes what was kept aside."""

    def __init__(self, objects: str) -> None:
        """An empty one, in the folder `objects`.

        Raises:
            StorageFailed: The disk refused.
        """
        folder = Path(objects, "pack")
        self._stem = f"{folder}/{PACKER_PREFIX}{os.urandom(8).hex()}"
        self._size = 0
        with refusals(folder, "write a pack in"):
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(f"{self._stem}.pack", CREATE_NEW, 0o600)

    def __enter__(self) -> IncomingPack:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
        with suppress(OSError):
            Path(f"{self._stem}.pack").unlink()

    def write(self, data: bytes) -> int:
        """Keep what came next.

        Raises:
            Damaged: That is more than any honest transfer.
            StorageFailed: The disk refused.
        """
        self._size += len(data)
        if self._size > LARGEST:
            raise _damaged(f"it is longer than {LARGEST >> 30} GiB")
        with refusals(f"{self._stem}.pack", "write"):
            write_whole(self._fd, data)
        return len(data)

    def move_to(self, writer: PackWriter) -> None:
        """Add every object to a pack of ours.

        Raises:
            Damaged: The pack is not whole, or refers to objects that are not in it.
        """
        if not self._size:
            return
        pack = _Arrived(self._stem)
        try:
            pack.move_to(writer)
        finally:
            pack.close()


class _Arrived(PackFile):
    """A pack without an index: which object is where is learned as it is read."""

    def __init__(self, stem: str) -> None:
        super().__init__(stem)
        self._at: dict[bytes, int] = {}  # raw id to offset
        self._ids: dict[int, Oid] = {}

    def find(self, raw: bytes) -> int | None:
        return self._at.get(raw)

    def move_to(self, writer: PackWriter) -> None:
        waiting: list[_Entry] = []
        for entry in self._entries():
            if entry.base is None:
                self._note(entry.offset, writer.add(entry.kind, entry.content))
            else:
                waiting.append(entry._replace(content=b""))
        for _ in range(_ROUNDS):
            waiting = [entry for entry in waiting if not self._resolve(entry, writer)]
        if waiting:
            raise _damaged("it needs objects that are not in it")

    def _resolve(self, entry: _Entry, writer: PackWriter) -> bool:
        base = self._at.get(entry.base) if isinstance(entry.base, bytes) else entry.base
        like = self._ids.get(base) if base is not None else None
        if like is None:
            return False
        self._note(entry.offset, writer.add(*self.read(entry.offset), like=like))
        return True

    def _note(self, offset: int, oid: Oid) -> None:
        self._ids[offset] = oid
        self._at[bytes.fromhex(oid.decode())] = offset

    def _entries(self) -> Iterator[_Entry]:
        data = memoryview(self._opened_data())
        try:
            end = len(data) - 20
            digest = sha1(data[: max(end, 0)], usedforsecurity=False).digest()
            if data[: len(_HEADER)] != _HEADER or digest != data[end:]:
                raise _damaged("it was cut short or changed on its way")
            at = _START
            for _ in range(int.from_bytes(data[len(_HEADER) : _START], "big")):
                entry, at = _entry(data, at)
                yield entry
            if at != end:
                raise _damaged("it holds more than it declares")
        finally:
            data.release()


def _entry(data: memoryview, offset: int) -> tuple[_Entry, int]:
    """An entry, and where the next one begins."""
    try:
        kind, size, at = entry_header(data, offset)
        base: int | bytes | None = None
        if kind == OFFSET_DELTA:
            distance, at = read_distance(data, at)
            base = offset - distance
        elif kind == ID_DELTA:
            base = bytes(data[at : at + 20])
            at += 20
        elif kind not in KIND_NAMES:
            raise _damaged(f"an entry is of the unknown kind {kind}")
        content, at = _inflated(data, at, size)
    except (IndexError, zlib.error) as error:
        raise _damaged("an entry cannot be read") from error
    return _Entry(offset, kind, base, content), at


def _inflated(data: memoryview, at: int, size: int) -> tuple[bytes, int]:
    """The content of an entry, never more than it declares, and where it ends."""
    if size > MAX_OBJECT:
        raise _damaged(f"an entry declares {size} bytes")
    window = data[at : at + size + (size >> 9) + 64]  # what `size` bytes can need when deflated
    stream = zlib.decompressobj()
    content = stream.decompress(window, size + 1)
    if len(content) != size or not stream.eof:
        raise _damaged("an entry has another length than it declares")
    return content, at + len(window) - len(stream.unused_data)


def _damaged(reason: str) -> Damaged:
    return Damaged(
        f"what was received cannot be used: {reason}",
        "run the command again; if it stays so, have the remote checked with `git fsck --full`",
        path="",
        reason=reason,
    )
