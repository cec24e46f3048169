"""The objects of one commit as one small pack: two files to force to disk instead of a dozen.

Until the ref names the commit, a `.keep` file beside the pack stops every `git gc`, `repack` and
`prune` from dropping its objects; a loose object has no such protection.
"""

from __future__ import annotations

import binascii
import os
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha1
from pathlib import Path

from mlgit.git.files import (
    CREATE_NEW,
    read_file,
    remove,
    start_writeback,
    storage_failed,
    sync_directory,
    write_whole,
)
from mlgit.git.holder import age_seconds
from mlgit.git.oid import Oid, object_id
from mlgit.git.pack_index import Place, encode_index
from mlgit.git.sharing import share

KEEP_NOTE = b"mlgit commit under way\n"
_PREFIX = ".mlgit-"  # not git's `tmp_`: `git prune` would remove the file while it is written
PACKER_PREFIX = f"{_PREFIX}pack-"  # what writes for minutes, beside other writers
_FORGOTTEN = 86_400  # seconds after which such a file has no writer any more
# Bytes: what is small is packed once more soon, and what is huge (a million points) would hold up
# the end of a run by seconds to save a tenth of the space; in between it is worth the time.
_THOROUGH = range(1 << 18, 1 << 22)


class CommitPack:
    """A pack that is on disk and guarded, until `release` or `discard`.

    Attributes:
        stem: Its path without `.pack`.
    """

    def __init__(self, stem: str) -> None:
        self.stem = stem

    def release(self) -> None:
        """Take the guard off: a ref names the objects now."""
        with suppress(OSError):  # a guard that stays is removed by a later writer
            remove(f"{self.stem}.keep")

    def discard(self) -> None:
        """Remove the pack: no ref will name its objects."""
        for suffix in (".idx", ".pack", ".keep"):
            with suppress(OSError):
                remove(self.stem + suffix)


def write_commit_pack(
    objects_dir: str, objects: Sequence[tuple[int, bytes]], shared: int = 0
) -> CommitPack:
    """Write objects (each once) as a guarded pack that survives a power cut when this returns.

    Raises:
        StorageFailed: The disk refused; nothing of the pack is left.
    """
    folder = f"{objects_dir}/pack"
    body, places = _encoded(objects)
    checksum = sha1(body, usedforsecurity=False).digest()
    index = encode_index(places, checksum)
    pack = CommitPack(f"{folder}/pack-{checksum.hex()}")
    try:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        _place(pack, body + checksum, index, shared)
    except OSError as error:
        pack.discard()
        raise storage_failed(error, folder, "write a pack in") from error
    except BaseException:
        pack.discard()
        raise
    return pack


def remove_leftovers(objects_dir: str) -> None:
    """Clean up after killed writers. Only while no other writer of this clone is at work.

    Their whole packs stay, without the guard: a commit may have landed before the kill.
    """
    folder = Path(objects_dir, "pack")
    with suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208
            if name.startswith(_PREFIX):
                _remove_temporary(folder / name)
            elif name.endswith(".keep"):
                _remove_guard(folder / name)


def _remove_temporary(path: Path) -> None:
    if not path.name.startswith(PACKER_PREFIX) or age_seconds(path) > _FORGOTTEN:
        path.unlink(missing_ok=True)


def _remove_guard(keep: Path) -> None:
    with suppress(OSError):
        if read_file(keep) == KEEP_NOTE:
            pack = CommitPack(os.fspath(keep.with_suffix("")))
            whole = keep.with_suffix(".idx").exists() and keep.with_suffix(".pack").exists()
            pack.release() if whole else pack.discard()


def _place(pack: CommitPack, body: bytes, index: bytes, shared: int) -> None:
    """Write all files, force them to disk, then let them appear: guard, pack, index."""
    folder = os.path.dirname(pack.stem)  # noqa: PTH120
    made = {".keep": KEEP_NOTE, ".pack": body, ".idx": index}
    waiting: dict[str, str] = {}
    fds: list[int] = []
    try:
        for suffix, content in made.items():
            name = f"{folder}/{_PREFIX}{os.getpid()}-{os.urandom(6).hex()}"
            fds.append(os.open(name, CREATE_NEW, 0o444))
            waiting[suffix] = name
            write_whole(fds[-1], content)
            share(name, shared)
        start_writeback(fds[1:])
        for fd in fds[1:]:  # the guard is worth nothing after a power cut
            os.fsync(fd)
        for suffix in made:
            os.replace(waiting[suffix], pack.stem + suffix)  # noqa: PTH105
            del waiting[suffix]
        sync_directory(folder)
    finally:
        for fd in fds:
            os.close(fd)
        for name in waiting.values():
            with suppress(OSError):
                remove(name)


def _encoded(objects: Sequence[tuple[int, bytes]]) -> tuple[bytes, Iterable[Place]]:
    """The bytes of a pack without its checksum, and where each object stands."""
    level = -1 if sum(len(data) for _, data in objects) in _THOROUGH else 1
    parts = [b"PACK" + (2).to_bytes(4, "big") + len(objects).to_bytes(4, "big")]
    end = len(parts[0])
    places = []
    for kind, data in objects:
        entry = _header(kind, len(data)) + zlib.compress(data, level)
        raw = bytes.fromhex(object_id(kind, data).decode("ascii"))
        places.append(Place(raw, end, binascii.crc32(entry)))
        parts.append(entry)
        end += len(entry)
    return b"".join(parts), places


def _header(kind: int, size: int) -> bytes:
    """Kind and size: four bits in the first byte, then seven in each."""
    byte, size = kind << 4 | size & 15, size >> 4
    made = bytearray()
    while size:
        made.append(byte | 128)
        byte, size = size & 127, size >> 7
    made.append(byte)
    return bytes(made)


def unique(objects: Iterable[tuple[int, bytes]]) -> dict[Oid, tuple[int, bytes]]:
    """Objects by id, each once, in the order given."""
    return {object_id(*item): item for item in objects}
