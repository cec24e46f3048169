"""From an address to its place: one small module for each kind."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from mlgit.artifacts.remotes.place import require

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.place import Place
    from mlgit.artifacts.remotes.url import RemoteUrl

_KINDS = {
    "file": ("local", "", ""),
    "memory": ("memory", "", ""),
    "s3": ("s3", "s3fs", "s3"),
    "gs": ("gcs", "gcsfs", "gcs"),
    "az": ("azure", "adlfs", "azure"),
    "ssh": ("ssh", "sshfs", "ssh"),
    "http": ("web", "aiohttp", "http"),
    "https": ("web", "aiohttp", "http"),
}


def place_of(url: RemoteUrl) -> Place:
    """The place at an address; nothing is asked of it yet.

    Raises:
        MissingExtra: The package for such places is not installed.
    """
    module, package, extra = _KINDS[url.scheme]
    if package:
        require(package, extra)
    found = import_module(f"mlgit.artifacts.remotes.{module}")
    return cast("Place", found.place(url))
