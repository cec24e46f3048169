"""Artifact bytes in this clone that nothing names any more but what was forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.artifacts.cache import ObjectCache
from mlgit.errors import MlgitError
from mlgit.git.files import read_file, refusals
from mlgit.git.tree import lookup, walk
from mlgit.records import layout
from mlgit.records.artifact import Manifest, load_manifest
from mlgit.records.epoch import Epoch, parts_of

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.store import Store

_MANIFEST = f"/{layout.ARTIFACTS}"


def forgotten_digests(objects: Objects, trees: Iterable[Oid], epoch: Epoch) -> set[str]:
    """The sha256 of the forgotten artifacts, as far as the older trees name them."""
    found: set[str] = set()
    for tree in trees:
        for path, parts in parts_of(epoch.forgotten).items():
            place = path if path.endswith(_MANIFEST) else path + _MANIFEST
            entries = _manifest(objects, tree, place)
            found |= {entry.sha256 for entry in entries if not parts or entry.path in parts}
    return found - {""}


def remove_objects(store: Store, digests: set[str]) -> None:
    """Remove artifact bytes that no run of the branch names, nor a run under way.

    Raises:
        StorageFailed: The disk refused.
    """
    cache = ObjectCache(store.data / "objects")
    here = {digest for digest in digests if cache.has(digest)}
    if not here:
        return
    here -= _still_named(store)
    for data in _journals(store.data):
        here = {digest for digest in here if digest.encode() not in data}
    for digest in here:
        path = cache.path(digest)
        with refusals(path, "remove"):
            path.unlink(missing_ok=True)


def _still_named(store: Store) -> set[str]:
    found: set[str] = set()
    snapshot = store.snapshot()
    for path, _ in walk(snapshot.objects, snapshot.tree):
        if path.endswith(_MANIFEST):
            found |= {entry.sha256 for entry in _manifest(snapshot.objects, snapshot.tree, path)}
    return found


def _manifest(objects: Objects, tree: Oid, path: str) -> Manifest:
    entry = lookup(objects, tree, path)
    with suppress(MlgitError):  # damaged, or that of a purged run, in which nothing is
        if entry is not None:
            return load_manifest(objects.blob(entry.oid))
    return Manifest()


def _journals(data: Path) -> Iterator[bytes]:
    for where, _, names in os.walk(data / "live"):
        for name in names:
            with suppress(OSError):
                yield read_file(Path(where, name))
