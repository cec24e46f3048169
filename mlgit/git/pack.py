"""Our own pack writer: many objects in one file, versions of a tree as differences.

The first version given of a chain is stored whole and later ones against it, so give the newest
first: it is the one that is read most.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mlgit.errors import Damaged
from mlgit.git.commit_pack import PACKER_PREFIX
from mlgit.git.delta import delta, distance, size
from mlgit.git.files import sync_directory
from mlgit.git.oid import Oid, object_id
from mlgit.git.pack_index import Place, encode_index, read_index
from mlgit.git.sharing import share

GUARD = b"mlgit\n"  # what our `.keep` files say, so that those of others are known and left
_OFFSET_DELTA = 6
_DEEPEST = 50  # git's own default: reading the last of a chain applies so many differences
_REMEMBERED = 64 << 20  # bytes of recent objects that a later version may refer to
_HEADER = b"PACK\x00\x00\x00\x02"


class _Version(NamedTuple):
    """An object that later ones may be described by; `anchor` is the whole one below it."""

    data: bytes
    depth: int
    anchor: Oid


class PackWriter:
    """A pack under way in `<objects>/pack`; nothing of it is visible before `finish`.

    As a context manager it removes its temporary file when left without `finish`. `shared` are
    permission bits that its files get besides the umask's.
    """

    def __init__(self, objects: Path, shared: int = 0) -> None:
        self._directory = objects / "pack"
        self._shared = shared
        self._directory.mkdir(parents=True, exist_ok=True)
        self._temporary, self._file = _create(self._directory)
        self._end = self._file.write(_HEADER + bytes(4))
        self._places: dict[Oid, Place] = {}
        self._recent: dict[Oid, _Version] = {}
        self._remembered = 0

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        remove_read_only(self._temporary)

    def __contains__(self, oid: Oid) -> bool:
        return oid in self._places

    def __len__(self) -> int:
        return len(self._places)

    def add(self, kind: int, data: bytes, like: Oid | None = None) -> Oid:
        """Append an object unless it is there; returns its id (40 hex digits).

        Args:
            kind: COMMIT, TREE or BLOB of `oid`.
            data: Its content without git's header.
            like: Id of an object added before that differs little, such as the newer version.
        """
        oid = object_id(kind, data)
        if oid in self._places:
            return oid
        base_id, base = self._base(like)
        change = delta(base.data, data) if base else b""
        if base is None or len(change) * 2 > len(data):
            self._append(oid, kind, data, b"")
            self._remember(oid, _Version(data, 0, oid))
        else:
            way = distance(self._end - self._places[base_id].offset)
            self._append(oid, _OFFSET_DELTA, change, way)
            self._remember(oid, _Version(data, base.depth + 1, base.anchor))
        return oid

    def copy(self, pack: Path) -> None:
        """Append every object of another pack as its packed bytes stand; none may be here yet.

        Raises:
            Damaged: That pack or its index is not whole.
            ValueError: An object of it is here already.
        """
        places, checksum = read_index(pack.with_suffix(".idx"))
        if not self._places.keys().isdisjoint(place.id.hex().encode() for place in places):
            raise ValueError(f"{pack.name} shares an object with the pack under way")
        # A difference names its base by the way back to it, so a block keeps its meaning when
        # it is moved as a whole.
        shift = self._end - len(_HEADER) - 4
        self._end += _copy_body(pack, self._file, checksum)
        for place in places:
            moved = place._replace(offset=place.offset + shift)
            self._places[place.id.hex().encode()] = moved

    def finish(self) -> Path | None:
        """Make the pack durable and visible, guarded; returns its path, None when it is empty.

        Until `release` a `.keep` file stops every repack from dropping what no ref names yet.

        Raises:
            OSError: The disk refused.
        """
        if not self._places:
            return None
        checksum = self._seal()
        pack = self._directory / f"pack-{checksum.hex()}.pack"
        guard = pack.with_suffix(".keep")
        guard.write_bytes(GUARD)  # a power cut ends what it guards against
        share(os.fspath(guard), self._shared)
        share(os.fspath(self._temporary), self._shared)
        self._temporary.replace(pack)
        index = encode_index(self._places.values(), checksum)
        _write_durably(self._directory, pack.with_suffix(".idx"), index, self._shared)
        sync_directory(self._directory)
        return pack

    def _seal(self) -> bytes:
        """Fill in the count, append the checksum of what the disk gives back, and sync."""
        self._file.seek(len(_HEADER))
        self._file.write(len(self._places).to_bytes(4, "big"))
        self._file.seek(0)
        digest = hashlib.sha1(usedforsecurity=False)
        while block := self._file.read(1 << 20):
            digest.update(block)
        self._file.write(digest.digest())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return digest.digest()

    def _append(self, oid: Oid, kind: int, content: bytes, way: bytes) -> None:
        packed = _entry_header(kind, len(content)) + way + zlib.compress(content)
        raw_id = bytes.fromhex(oid.decode())
        self._places[oid] = Place(raw_id, self._end, binascii.crc32(packed))
        self._end += self._file.write(packed)

    def _base(self, like: Oid | None) -> tuple[Oid, _Version | None]:
        """What to describe a version of `like` by: itself, or its anchor when it is too deep."""
        found = self._recent.get(like) if like else None
        if found is not None and found.depth >= _DEEPEST:
            like, found = found.anchor, self._recent.get(found.anchor)
        return like or b"", found

    def _remember(self, oid: Oid, version: _Version) -> None:
        self._recent[oid] = version
        self._remembered += len(version.data)
        if version.anchor != oid and version.anchor in self._recent:
            self._recent[version.anchor] = self._recent.pop(version.anchor)
        while self._remembered > _REMEMBERED:
            oldest = next(iter(self._recent))
            self._remembered -= len(self._recent.pop(oldest).data)


def release(pack: Path) -> None:
    """Take the guard off a pack: call it when a ref names its objects."""
    remove_read_only(pack.with_suffix(".keep"))


def remove_read_only(path: Path) -> None:
    """Remove a file that git keeps without the right to write, if it is there.

    Raises:
        OSError: The system refused.
    """
    with suppress(FileNotFoundError):
        if os.name == "nt":
            path.chmod(0o666)
        path.unlink()


def concatenate(objects: Path, packs: Iterable[Path], shared: int = 0) -> Path | None:
    """One new, guarded pack with all objects of `packs`, which stay where they are.

    Raises:
        Damaged: One of them is not whole.
        ValueError: Two of them hold the same object.
        OSError: The disk refused, or a pack is gone.
    """
    with PackWriter(objects, shared) as writer:
        for pack in packs:
            writer.copy(pack)
        return writer.finish()


def _create(directory: Path) -> tuple[Path, BinaryIO]:
    """A new file that a later writer of ours removes when it is left behind."""
    path = directory / f"{PACKER_PREFIX}{os.urandom(8).hex()}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return path, os.fdopen(os.open(path, flags, 0o444), "w+b")


def _write_durably(directory: Path, path: Path, content: bytes, shared: int = 0) -> None:
    temporary, file = _create(directory)
    with file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    share(os.fspath(temporary), shared)
    temporary.replace(path)


def _entry_header(kind: int, length: int) -> bytes:
    """Kind and length: four bits of the length in the first byte, then as in a difference."""
    first = kind << 4 | length & 15
    return bytes((first | 128,)) + size(length >> 4) if length > 15 else bytes((first,))


def _copy_body(pack: Path, target: BinaryIO, checksum: bytes) -> int:
    """Copy a pack without its header and checksum; returns how many bytes that is."""
    digest = hashlib.sha1(usedforsecurity=False)
    left = pack.stat().st_size - 20
    with pack.open("rb") as source:
        header = source.read(len(_HEADER) + 4)
        digest.update(header)
        left -= len(header)
        body = left
        while left and (block := source.read(min(left, 1 << 20))):
            digest.update(block)
            left -= target.write(block)
        whole = header.startswith(_HEADER) and source.read() == digest.digest() == checksum
    if not whole:
        raise Damaged("a pack is not readable", path=str(pack), reason="its checksum is wrong")
    return body
