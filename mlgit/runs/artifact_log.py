"""Logging files, datasets and models of a live run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.records.inputs import validate_dataset
from mlgit.runs.spool.folder import objects_beside

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.ingest import Ingested
    from mlgit.artifacts.manifest import Room
    from mlgit.artifacts.stat_cache import StatCache
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.inputs import DatasetInput, ModelLink
    from mlgit.runs.session import Session
    from mlgit.store.store import Store


STAT_CACHE = "digests"  # below the store's cache


class ArtifactLog:
    """The artifacts and inputs of a live run; each call is safe when it returns.

    Small files go into the journal itself, others into the local object store.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: StatCache | None = None

    def add_bytes(self, data: bytes, path: str) -> ArtifactEntry:
        """Keep `data` as the artifact `path`.

        Raises:
            InvalidValue: The path is not safe.
            StorageFailed: The disk refused.
        """
        from mlgit.artifacts.ingest import ingest_bytes

        return self._take(lambda cache, room: ingest_bytes(data, path, cache, room))[0]

    def add_file(self, source: Path, path: str) -> ArtifactEntry:
        """Keep a copy of the file `source` as the artifact `path`.

        Raises:
            NotFound, InvalidValue: No such file, or the path is not safe.
            InvalidState: The file changed while it was read, or is a Git LFS pointer to none.
            StorageFailed: It cannot be read, or the disk refused.
        """
        from mlgit.artifacts.ingest import ingest_file

        lfs = lfs_objects(self._session.store)
        return self._take(lambda cache, room: ingest_file(source, path, cache, room, lfs=lfs))[0]

    def add_folder(self, source: Path, under: str = "") -> list[ArtifactEntry]:
        """Keep copies of all files below `source`, below the artifact path `under`.

        Raises:
            As `add_file`.
        """
        from mlgit.artifacts.ingest import ingest_folder

        lfs = lfs_objects(self._session.store)
        return self._take(lambda cache, room: ingest_folder(source, under, cache, room, lfs=lfs))

    def add_reference(self, entry: ArtifactEntry) -> None:
        """Name an artifact that lies elsewhere (its `uri`); its bytes are not kept."""
        self._session.happens({"do": "artifacts", "entries": [_plain(entry)]})

    def artifacts(self) -> list[ArtifactEntry]:
        """What this process knows of the run's artifacts, by path."""
        with self._session.lock:
            return self._session.state.manifest()

    def inline_bytes(self, entry: ArtifactEntry) -> bytes | None:
        """The bytes of a small artifact that this process took in; None for any other."""
        return self._session.files.get(entry.sha256)

    def log_inputs(
        self, datasets: Iterable[DatasetInput] = (), models: Iterable[ModelLink] = ()
    ) -> None:
        """Say which datasets and models the run used or made.

        Raises:
            InvalidValue: A text of a dataset is too long, or it has no name.
        """
        self._session.happens(
            {
                "do": "inputs",
                "datasets": [_plain(validate_dataset(dataset)) for dataset in datasets],
                "models": [_plain(link) for link in models],
            }
        )

    def _take(self, ingest: Callable[[ObjectCache, Room], Ingested]) -> list[ArtifactEntry]:
        from mlgit.artifacts.cache import ObjectCache
        from mlgit.artifacts.manifest import Room

        with self._session.lock:
            room = Room(self._session.store.settings.limits, self._session.state.manifest())
            taken = ingest(ObjectCache(self._objects(), self._known_digests()), room)
            digests = {entry.inline: entry.sha256 for entry in taken.entries if entry.inline}
            files = {digests[name]: data for name, data in taken.files.items()}
            event = {"do": "artifacts", "entries": [_plain(entry) for entry in taken.entries]}
            self._session.happens(event, files)
            self._session.files.update(files)
            return taken.entries

    def _objects(self) -> Path:
        """Where this writer keeps what is too big for git."""
        if self._session.store.spools:
            return objects_beside(self._session.journal.file.path)
        return self._session.store.data / "objects"

    def _known_digests(self) -> StatCache | None:
        """Which files need not be read again; none in a spool, where no cache is kept."""
        if self._session.store.spools:
            return None
        if self._known is None:
            from mlgit.artifacts.stat_cache import StatCache

            self._known = StatCache(self._session.store.cache / STAT_CACHE)
        return self._known


def lfs_objects(store: Store) -> Path:
    """Where git-lfs keeps the files that pointers in the work tree stand for."""
    own = store.home.config.get("lfs", "storage") or "lfs"
    return store.home.common_dir / own / "objects"


def _plain(record: ArtifactEntry | DatasetInput | ModelLink) -> dict[str, Any]:
    fields = record._asdict()
    return {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in fields.items()
    }
