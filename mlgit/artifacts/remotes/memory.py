"""Remotes in this process's memory, for tests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlgit.artifacts.remotes.place import Place, filesystem

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.url import RemoteUrl


def place(url: RemoteUrl) -> Place:
    """The place of that name, empty at first."""
    root = f"/{url.host}/{url.path}".rstrip("/")
    return Place(partial(filesystem, "memory"), root, "", bundles=True)
