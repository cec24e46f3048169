"""Artifacts that only a spool, or another clone, has: copied to the store, each verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.cache import ObjectCache
from mlgit.errors import Damaged, NotFound
from mlgit.records.artifact_path import safe_path
from mlgit.runs.spool.folder import objects_beside

if TYPE_CHECKING:
    from mlgit.runs.spool.read import Said
    from mlgit.store.store import Store


def bring_artifacts(store: Store, data: Path, said: Said) -> Iterator[Damaged]:
    """Copy what the journals of a run name and the store lacks; tells of each that is not there.

    Raises:
        FileNotFoundError: The journal is gone, too: another command has taken the run.
        StorageFailed: The disk refused.
    """
    ours = ObjectCache(store.data / "objects")
    for path, one in said.sources.items():
        places = [ObjectCache(objects_beside(path)), ObjectCache(data / "objects")]
        for entry in _artifacts(event.fields for event in one.content.events):
            digest = entry["sha256"]
            if ours.renew(digest) or any(_brought(digest, place, ours) for place in places):
                continue
            path.stat()
            yield Damaged(
                f"the bytes of its artifact {str(entry['path'])[:200]!r} are missing or damaged",
                "mlgit flush --recover takes the run without them",
            )


def _artifacts(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What events say of artifacts whose bytes are neither in a journal nor elsewhere.

    Raises:
        InvalidValue: A path leads out of the run's folder.
    """
    for event in events:
        for one in event["entries"] if event.get("do") == "artifacts" else ():
            safe_path(one["path"])
            if not (one["inline"] or one["uri"]):
                yield one


def _brought(digest: str, place: ObjectCache, ours: ObjectCache) -> bool:
    with suppress(NotFound, Damaged):
        ours.put(digest, place.path(digest))
        return True
    return False
