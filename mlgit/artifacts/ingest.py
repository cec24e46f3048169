"""Taking artifacts in: small ones to be kept in git, the others into the local store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlgit.artifacts.folder import files_of
from mlgit.artifacts.pointer import file_behind, read_pointer, require_behind
from mlgit.artifacts.streams import steady
from mlgit.records.artifact import ArtifactEntry
from mlgit.records.artifact_path import safe_path

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.intake import Intake
    from mlgit.artifacts.manifest import Room

__all__ = ["Ingested", "ingest_bytes", "ingest_file", "ingest_folder", "safe_path"]


@dataclass(frozen=True)
class Ingested:
    """What was taken in.

    Attributes:
        entries: One a file, for the run's manifest.
        files: Bytes to be kept in git, by path below the run's folder (`ArtifactEntry.inline`).
            The bytes of all other entries are in the local store, durable.
    """

    entries: list[ArtifactEntry] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


def ingest_bytes(data: bytes, path: str, cache: ObjectCache, room: Room) -> Ingested:
    """Take `data` in as the artifact `path`.

    Raises:
        InvalidValue: The path is not safe, or the run's list of artifacts is full.
        StorageFailed: The disk refused.
    """
    room.enlist([safe_path(path)])
    if room.fits(path, len(data)):
        return _inline(path, data, room)
    return _stored(path, cache.put_bytes(data), room)


def ingest_file(
    source: Path,
    path: str,
    cache: ObjectCache,
    room: Room,
    *,
    follow: bool = True,
    lfs: Path | None = None,
) -> Ingested:
    """Take the file `source` in as the artifact `path`; `follow` when it is a link.

    Of a Git LFS pointer the file that it stands for is taken, from the folder `lfs`.

    Raises:
        NotFound, InvalidValue: No such file, no regular file, or the path is not safe.
        InvalidState: The file changed while it was read, or a pointer's file is not here.
        StorageFailed: It cannot be read, or the disk refused.
    """
    room.enlist([safe_path(path)])
    with _intake(cache) as intake:
        return _taken(source, path, intake, room, follow=follow, lfs=lfs)


def ingest_folder(
    source: Path, under: str, cache: ObjectCache, room: Room, *, lfs: Path | None = None
) -> Ingested:
    """Take every file below the folder `source` in, below the artifact path `under` (or "").

    All names are looked at before the first byte is read. Pointers: as `ingest_file`.

    Raises:
        NotFound, InvalidValue: No such folder, a path is not safe, a link leads out of it.
        InvalidState: A file changed while it was read, or a pointer's file is not here.
        StorageFailed: A file cannot be read, or the disk refused.
    """
    prefix = f"{safe_path(under)}/" if under else ""
    found = [(safe_path(prefix + name), file) for name, file in files_of(source)]
    room.enlist([path for path, _ in found])
    with _intake(cache) as intake:
        return together(
            _taken(file, path, intake, room, follow=False, lfs=lfs) for path, file in found
        )


@contextmanager
def _intake(cache: ObjectCache) -> Iterator[Intake]:
    """To keep files in the store, those that did not change without reading them."""
    if cache.known is None:
        with cache.intake() as intake:
            yield intake
        return
    cache.known.begin()
    try:
        with cache.intake() as intake:
            yield intake
    finally:
        cache.known.save()


def _taken(
    source: Path, path: str, intake: Intake, room: Room, *, follow: bool, lfs: Path | None
) -> Ingested:
    with steady(source, follow=follow) as file:
        pointed = read_pointer(file)
        if pointed is None:
            return _as_it_is(source, file, path, intake, room)
    real = file_behind(pointed, source, lfs)
    with steady(real) as file:
        taken = _as_it_is(real, file, path, intake, room)
    require_behind(pointed, source, taken.entries[0].sha256)
    return taken


def _as_it_is(source: Path, file: BinaryIO, path: str, intake: Intake, room: Room) -> Ingested:
    data = _small(file, path, room)
    kept = intake.take_file(source, file) if data is None else ("", 0)
    return _stored(path, kept, room) if data is None else _inline(path, data, room)


def together(parts: Iterable[Ingested]) -> Ingested:
    """Several results as one."""
    whole = Ingested()
    for part in parts:
        whole.entries.extend(part.entries)
        whole.files.update(part.files)
    return whole


def _small(file: BinaryIO, path: str, room: Room) -> bytes | None:
    """The whole file when it may be kept in git."""
    size = os.fstat(file.fileno()).st_size
    if not room.fits(path, size):
        return None
    data = file.read(size + 1)
    if len(data) > size:
        file.seek(0)
        return None
    return data


def _inline(path: str, data: bytes, room: Room) -> Ingested:
    entry = room.place(ArtifactEntry(path, len(data), sha256(data).hexdigest()))
    return Ingested([entry], {entry.inline: data})


def _stored(path: str, kept: tuple[str, int], room: Room) -> Ingested:
    room.release(path)
    return Ingested([ArtifactEntry(path, kept[1], kept[0])])
