"""Whether others know a version by its number: it has landed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.tree import lookup
from mlgit.records import layout
from mlgit.records.model_version import load_model_version

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
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


def uid_at(objects: Objects, commit: Oid, folder: str, number: int) -> str:
    """The uid of the version that has a number at a commit; "" where there is none."""
    with suppress(NotFound, Damaged):
        entry = lookup(objects, objects.commit(commit).tree, layout.version_path(folder, number))
        if entry is not None:
            return load_model_version(objects.blob(entry.oid), number).uid
    return ""
