"""Whether others know a version by its number: it has landed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.tree import TREE_MODE, diff, lookup
from mlgit.records import layout
from mlgit.records.model_version import load_model_version
from mlgit.registry.catalogue import MODELS

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.tree import Entry
    from mlgit.records.model_version import ModelVersion
    from mlgit.store.store import Store


def is_landed(store: Store, folder: str, version: ModelVersion) -> bool:
    """Whether the upstream has this version under this number, as far as it was fetched.

    Without an upstream, what is committed has landed.
    """
    tip = store.branch.upstream_tip()
    return tip is None or uid_at(store.repository.objects, tip, folder, version.number) == (
        version.uid
    )


def provisional(store: Store) -> int:
    """How many versions have numbers that only this clone knows; 0 without an upstream."""
    objects, tip = store.repository.objects, store.branch.upstream_tip()
    here = store.snapshot()
    if tip is None or tip == here.commit:
        return 0
    before, after = (
        _below(lookup(objects, tree, MODELS)) for tree in (objects.commit(tip).tree, here.tree)
    )
    new = (one.path for one in diff(objects, before, after) if one.old is None)
    located = (layout.parse_path(f"{MODELS}/{path}") for path in new)
    return sum(one is not None and one.kind == "version" for one in located)


def _below(entry: Entry | None) -> Oid | None:
    return entry.oid if entry is not None and entry.mode == TREE_MODE else None


def uid_at(objects: Objects, commit: Oid, folder: str, number: int) -> str:
    """The uid of the version that has a number at a commit; "" where there is none."""
    with suppress(NotFound, Damaged):
        entry = lookup(objects, objects.commit(commit).tree, layout.version_path(folder, number))
        if entry is not None:
            return load_model_version(objects.blob(entry.oid), number).uid
    return ""
