"""Runs of which the manifests name bytes that git does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from mlgit.artifacts.cache import ObjectCache
from mlgit.records.artifact import ArtifactEntry, dump_manifest
from mlgit.store.store import Store
from tests.store.records import a_publication, a_run, folder_of


def digest_of(data: bytes) -> str:
    return sha256(data).hexdigest()


def record(store: Store, run_id: str, big: Mapping[str, bytes], *, keep: bool = True) -> str:
    """Publish a run whose artifacts are kept beside git; its folder."""
    run = a_run(run_id)
    entries = [ArtifactEntry(path, len(data), digest_of(data)) for path, data in big.items()]
    for data in big.values() if keep else ():
        ObjectCache(store.data / "objects").put_bytes(data)
    publication = a_publication(run)
    files = {**publication.files, "artifacts.yaml": dump_manifest(entries)}
    store.publish(publication._replace(files=files))
    return folder_of(run)
