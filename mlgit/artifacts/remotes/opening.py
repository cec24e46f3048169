"""From a remote's name and address to the remote itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.artifacts.remotes.url import parse_url

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote


def open_remote(name: str, url: str) -> SharedRemote:
    """The remote at `url`; nothing is asked of it yet.

    Whether the address may be used at all is the caller's to know: it may come from a branch.

    Raises:
        InvalidValue: It is not the address of a remote.
        MissingExtra: A package for such remotes is not installed.
    """
    place = parse_url(url)
    if place.scheme == "lfs":
        from mlgit.artifacts.remotes.lfs import open_lfs

        return open_lfs(name, url)
    from mlgit.artifacts.remotes.filesystem import place_of
    from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote

    return FsspecRemote(name, url, place_of(place))
