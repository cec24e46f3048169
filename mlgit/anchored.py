"""Artifacts in the LFS store of a git host, named in git there so that the host keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, MlgitError, NotFound, RemoteFailed

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.store.store import Store


def anchored(store: Store, holders: Iterable[SharedRemote]) -> RemoteFailed | None:
    """Have git hosts keep pointers to what their LFS stores have; why one does not.

    What is at a whole address, `lfs:https://…`, has no git remote here that could name it.

    Raises:
        StorageFailed: The disk here refused.
    """
    failure = None
    for one in holders:
        host = one.url.removeprefix("lfs:")
        if host == one.url or "://" in host:
            continue
        from mlgit.holdings.anchors import anchor
        from mlgit.sharing.remotes import transport_of

        try:
            anchor(store, transport_of(store, host), one.url)
        except (RemoteFailed, Damaged, NotFound) as error:
            failure = _loose(host, error)
    return failure


def _loose(host: str, reason: MlgitError) -> RemoteFailed:
    return RemoteFailed(
        f"{host} has the artifacts and takes no pointers to them: {reason.message}",
        "a host that removes LFS objects without pointers may remove them: add another remote",
        remote=host,
    )
