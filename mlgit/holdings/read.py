"""Artifact bytes from wherever they are: git, this clone, what it downloaded, trusted remotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.fetch import Sources

if TYPE_CHECKING:
    from mlgit.artifacts.transfer.values import Progress
    from mlgit.errors import MlgitError
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.store.store import Store


class HeldRun(Protocol):
    """What must be known of a run to read its artifacts."""

    @property
    def folder(self) -> str:
        """Its folder on the branch."""

    @property
    def manifest(self) -> list[ArtifactEntry]:
        """Its artifacts."""

    @property
    def small(self) -> dict[str, bytes]:
        """Artifacts that are only in journals so far, by sha256."""


class Downloads(ObjectCache):
    """What this clone has downloaded: may be deleted at any time."""

    name = "its downloads"


def downloads(store: Store) -> Downloads:
    """Where a store keeps what it downloads."""
    return Downloads(store.cache / "objects")


def sources_of(
    store: Store,
    run: HeldRun,
    places: Sequence[ObjectCache] = (),
    progress: Progress | None = None,
) -> Sources:
    """Where the bytes of a run's artifacts are; no remote is opened before one is needed.

    Args:
        store: The store.
        run: The run.
        places: Where this machine keeps artifacts; the local store when empty.
        progress: Told of every download.
    """
    snapshot = store.snapshot()
    waiting = {
        one.inline: run.small[one.sha256]
        for one in run.manifest
        if one.inline and one.sha256 in run.small
    }

    def inline(name: str) -> bytes | None:
        return waiting[name] if name in waiting else snapshot.read(f"{run.folder}/{name}")

    here = [*(places or [ObjectCache(store.data / "objects")])]
    if store.spools:  # a job on a node keeps nothing beside its spool
        return Sources(inline, here)
    return Sources(inline, [*here, downloads(store)], partial(_gather, store, progress))


def _gather(
    store: Store, progress: Progress | None, entries: Sequence[ArtifactEntry]
) -> Mapping[str, MlgitError]:
    """Bring artifacts from the trusted remotes; why not, by digest."""
    from mlgit.holdings.gather import gather

    return gather(store, entries, downloads(store), progress)
