"""Artifacts of a source, taken into the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.ingest import Ingested, ingest_bytes, ingest_file, ingest_folder, together
from mlgit.artifacts.manifest import Room
from mlgit.errors import InvalidValue, MlgitError, StorageFailed

if TYPE_CHECKING:
    from mlgit.bridges.sources.source import Files, Source
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


class Intake:
    """The artifacts of one source on their way into one store.

    Attributes:
        source: Whose they are.
    """

    def __init__(self, store: Store, source: Source, *, remote: bool) -> None:
        store.make_folders()
        self.source, self._remote, self._store = source, remote, store
        self._limits = store.settings.limits
        self._cache = ObjectCache(store.data / "objects")

    @cached_property
    def _snapshot(self) -> Snapshot:
        return self._store.snapshot()

    def folder_of(self, whole_id: str) -> str:
        """Where a run or logged model was before the import; "" where it was not."""
        return self._snapshot.folder_of(whole_id) or ""

    def of(self, files: Files, whose: str) -> Ingested:
        """The artifacts of a run or model; those that cannot be read are named and left out."""
        room = Room(self._limits)
        parts: list[Ingested] = []
        for path, text in files.texts.items():
            parts += self._tried(partial(self._bytes, text, path, room), path, whose)
        for path, file in files.named.items():
            parts += self._tried(partial(self._file, file, path, room), path, whose)
        if files.folder is not None:
            parts += self._folder(files.folder, whose, room)
        if files.uri:
            parts += self._elsewhere(files.uri, whose, room)
        return together(parts)

    def _bytes(self, text: bytes, path: str, room: Room) -> Ingested:
        return ingest_bytes(text, path, self._cache, room)

    def _file(self, file: Path, path: str, room: Room) -> Ingested:
        if file.is_symlink() or not os.access(file, os.R_OK):
            raise InvalidValue(f"{file} is a link, or cannot be read")
        return ingest_file(file, path, self._cache, room, follow=False)

    def _folder(self, folder: Path, whose: str, room: Room) -> Iterator[Ingested]:
        """All files of a folder; one by one where a single one of them cannot be taken."""
        try:
            yield ingest_folder(folder, "", self._cache, Room(self._limits))
        except MlgitError:
            for file in sorted(path for path in folder.rglob("*") if not path.is_dir()):
                path = file.relative_to(folder).as_posix()
                yield from self._tried(partial(self._file, file, path, room), path, whose)

    def _elsewhere(self, uri: str, whose: str, room: Room) -> Iterator[Ingested]:
        if not self._remote:
            self.source.lose(whose, f"its artifacts are at {uri}: --remote-artifacts copies them")
            return
        with TemporaryDirectory(prefix="mlgit-") as place:
            try:
                folder = self.source.fetch(uri, Path(place))
            except (MlgitError, OSError, ImportError, ValueError) as error:
                self.source.lose(whose, f"its artifacts at {uri} cannot be copied: {error}")
                return
            yield from self._folder(folder, whose, room)

    def _tried(self, take: Callable[[], Ingested], path: str, whose: str) -> list[Ingested]:
        try:
            return [take()]
        except StorageFailed:
            raise
        except MlgitError as error:
            self.source.lose(f"artifact {path} of {whose}", error.message)
            return []
