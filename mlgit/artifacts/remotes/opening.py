"""From a remote's name and address to the remote itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.artifacts.remotes.url import parse_url

if TYPE_CHECKING:
    from pathlib import Path

    from mlgit.artifacts.remote import SharedRemote


def open_remote(name: str, url: str, memory: Path | None = None) -> SharedRemote:
    """The remote at `url`; nothing is asked of it yet.

    Whether the address may be used at all is the caller's to know: it may come from a branch. In
    the folder `memory` is kept what need not be asked again; it may be deleted at any time.

    Raises:
        InvalidValue: It is not the address of a remote.
        MissingExtra: A package for such remotes is not installed.
    """
    place = parse_url(url)
    if place.scheme == "lfs":
        from mlgit.artifacts.remotes.lfs import open_lfs

        return open_lfs(name, url)
    from mlgit.artifacts.remotes.bundling import BundlingRemote
    from mlgit.artifacts.remotes.filesystem import place_of
    from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote

    found = place_of(place)
    if found.bundles:
        return BundlingRemote(name, url, found, memory)
    return FsspecRemote(name, url, found)
