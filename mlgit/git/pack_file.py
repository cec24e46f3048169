"""One pack and its index, read in place.

Own code instead of dulwich's: a command that commits one run reads six objects, and importing
dulwich's pack module alone costs as much processor time as the rest of that command's work.
"""

from __future__ import annotations

import mmap
import os
import zlib
from collections import OrderedDict
from collections.abc import Callable
from importlib import import_module
from struct import unpack_from

from mlgit.errors import Damaged
from mlgit.git.files import READ
from mlgit.git.loose import MAX_OBJECT
from mlgit.git.oid import KIND_NAMES

_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_NAMES = 8 + 256 * 4  # where the sorted ids of an index begin
_FAR = 1 << 31
OFFSET_DELTA, ID_DELTA = 6, 7
_HEADER = 12  # bytes before the first entry of a pack
_DEEPEST = 4096  # differences on one object; git itself never goes beyond this
_MAPPED = 1 << 16  # bytes; smaller files are read whole and need no open file
_KEPT_BASES = 256
_KEPT_BASE_SIZE = 1 << 16


class PackFile:
    """A pack, opened when first asked.

    Attributes:
        stem: Its path without `.pack` or `.idx`.
    """

    def __init__(self, stem: str) -> None:
        self.stem = stem
        self._index: bytes | mmap.mmap | None = None
        self._fan_out: tuple[int, ...] = ()
        self._data: bytes | mmap.mmap | None = None
        self._bases: OrderedDict[int, tuple[int, bytes]] = OrderedDict()
        self._apply: Callable[[bytes, bytes], list[bytes]] | None = None

    def find(self, raw: bytes) -> int | None:
        """Where the object of an id (20 raw bytes) begins, or None when the pack has it not.

        Raises:
            Damaged: The index is not one that can be read.
            OSError: The index is gone or cannot be read.
        """
        index = self._index or self._opened_index()
        first = raw[0]
        low, high = self._fan_out[first], self._fan_out[first + 1]
        while low < high:
            middle = (low + high) // 2
            at = _NAMES + middle * 20
            name = index[at : at + 20]
            if name < raw:
                low = middle + 1
            elif name > raw:
                high = middle
            else:
                return self._offset(index, middle)
        return None

    def read(self, offset: int) -> tuple[int, bytes]:
        """Kind and data of the object that begins at `offset`.

        Raises:
            Damaged: The bytes there are not an object.
            OSError: The pack is gone or cannot be read.
        """
        changes: list[bytes] = []
        places: list[int] = []
        while True:
            known = self._bases.get(offset)
            if known is None:
                kind, content, base = self._entry(offset)
                if base is not None:
                    changes.append(content)
                    places.append(offset)
                    offset = base
                    if len(changes) > _DEEPEST:
                        raise self._damaged("a chain of differences does not end")
                    continue
                known = kind, content
                self._keep(offset, known)
            return self._changed(known, changes, places)

    def close(self) -> None:
        """Let go of the files."""
        for file in (self._index, self._data):
            if isinstance(file, mmap.mmap):
                file.close()
        self._index = self._data = None
        self._bases.clear()

    def _changed(
        self, base: tuple[int, bytes], changes: list[bytes], places: list[int]
    ) -> tuple[int, bytes]:
        """Apply differences to their base, the last of the list first."""
        kind, data = base
        for change, place in zip(reversed(changes), reversed(places), strict=True):
            data = self._applied(data, change)
            self._keep(place, (kind, data))
        return kind, data

    def _applied(self, data: bytes, change: bytes) -> bytes:
        from dulwich.errors import ApplyDeltaError

        if self._apply is None:
            self._apply = _delta_function()
        try:
            _, at = _varint(change, 0)
            size, _ = _varint(change, at)
            if size > MAX_OBJECT:
                raise self._damaged(f"an object declares {size} bytes")
            return b"".join(self._apply(data, change))
        except (ApplyDeltaError, IndexError, ValueError) as error:
            raise self._damaged("a difference does not fit its base") from error

    def _entry(self, offset: int) -> tuple[int, bytes, int | None]:
        """Kind, inflated content and, for a difference, where its base begins."""
        data = self._opened_data()
        try:
            kind, size, at = entry_header(data, offset)
            base: int | None = None
            if kind == OFFSET_DELTA:
                distance, at = read_distance(data, at)
                base = offset - distance
            elif kind == ID_DELTA:
                base = self.find(data[at : at + 20])
                at += 20
            elif kind not in KIND_NAMES:
                raise self._damaged(f"an entry is of the unknown kind {kind}")
            if kind in (OFFSET_DELTA, ID_DELTA) and (base is None or base < _HEADER):
                raise self._damaged("the base of a difference is missing")
            return kind, self._inflated(data, at, size), base
        except (IndexError, zlib.error) as error:
            raise self._damaged("an entry is cut short or changed") from error

    def _inflated(self, data: bytes | mmap.mmap, at: int, size: int) -> bytes:
        if size > MAX_OBJECT:
            raise self._damaged(f"an entry declares {size} bytes")
        longest = size + (size >> 9) + 64  # what `size` bytes can need at most when deflated
        stream = zlib.decompressobj()
        content = stream.decompress(data[at : at + longest], size + 1)
        if len(content) != size or not stream.eof:
            raise self._damaged("an entry has another length than it declares")
        return content

    def _keep(self, offset: int, value: tuple[int, bytes]) -> None:
        if len(value[1]) <= _KEPT_BASE_SIZE:
            self._bases[offset] = value
            if len(self._bases) > _KEPT_BASES:
                self._bases.popitem(last=False)

    def _offset(self, index: bytes | mmap.mmap, rank: int) -> int:
        count = unpack_from(">I", index, _NAMES - 4)[0]
        near: int = unpack_from(">I", index, _NAMES + count * 24 + rank * 4)[0]
        if near & _FAR:
            far = _NAMES + count * 28 + (near ^ _FAR) * 8
            near = unpack_from(">Q", index, far)[0]
        return near

    def _opened_index(self) -> bytes | mmap.mmap:
        if self._index is None:
            index = _opened(f"{self.stem}.idx")
            whole = len(index) >= _NAMES + 40 and index[:8] == _MAGIC
            if not whole or not _is_consistent(index):
                raise Damaged(
                    f"the pack index {self.stem}.idx cannot be read",
                    "make it anew: git index-pack " + self.stem + ".pack",
                    path=f"{self.stem}.idx",
                    reason="it is cut short, or of a version before 2",
                )
            self._index = index
            self._fan_out = (0, *unpack_from(">256I", index, 8))
        return self._index

    def _opened_data(self) -> bytes | mmap.mmap:
        if self._data is None:
            data = _opened(f"{self.stem}.pack")
            if data[:4] != b"PACK":
                raise self._damaged("it does not begin like a pack")
            self._data = data
        return self._data

    def _damaged(self, reason: str) -> Damaged:
        return Damaged(
            f"the pack {self.stem}.pack is damaged: {reason}",
            "`git fsck --full` lists what is affected; fetch it again from a clone that has it",
            path=f"{self.stem}.pack",
            reason=reason,
        )


def _is_consistent(index: bytes | mmap.mmap) -> bool:
    """Whether the tables of an index are as long as its counts say, and those do not fall."""
    counts = unpack_from(">256I", index, 8)
    return len(index) >= _NAMES + 28 * counts[-1] + 40 and list(counts) == sorted(counts)


def _opened(path: str) -> bytes | mmap.mmap:
    """A file's content: read when small, else mapped."""
    fd = os.open(path, READ)
    try:
        size = os.fstat(fd).st_size
        if size > _MAPPED:
            return mmap.mmap(fd, 0, access=mmap.ACCESS_READ)
        content = b""
        while len(content) < size and (more := os.read(fd, size - len(content))):
            content += more
        return content
    finally:
        os.close(fd)


def entry_header(data: bytes | mmap.mmap | memoryview, at: int) -> tuple[int, int, int]:
    """Kind and size of an entry, and where what follows begins."""
    byte = data[at]
    kind, size, shift = byte >> 4 & 7, byte & 15, 4
    while byte & 128:
        at += 1
        byte = data[at]
        size |= (byte & 127) << shift
        shift += 7
        if shift > 60:
            raise IndexError("a size that does not end")
    return kind, size, at + 1


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value, at


def read_distance(data: bytes | mmap.mmap | memoryview, at: int) -> tuple[int, int]:
    """How far before its entry the base of a difference begins, and where what follows begins."""
    byte = data[at]
    value = byte & 127
    while byte & 128:
        at += 1
        byte = data[at]
        value = (value + 1) << 7 | byte & 127
    return value, at + 1


def _delta_function() -> Callable[[bytes, bytes], list[bytes]]:
    try:
        # The compiled function alone: its module does not import the rest of dulwich's packs.
        compiled = import_module("dulwich._pack")
    except ImportError:
        compiled = import_module("dulwich.pack")
    function: Callable[[bytes, bytes], list[bytes]] = compiled.apply_delta
    return function
