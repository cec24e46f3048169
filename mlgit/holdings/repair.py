"""Copies of artifact bytes made whole again from another copy; nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.artifacts.remote import Collectable
from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.values import Wanted
from mlgit.errors import MlgitError, NotFound
from mlgit.holdings.gc.leases import announce
from mlgit.holdings.memory import remember
from mlgit.holdings.read import downloads
from mlgit.holdings.upload import caches
from mlgit.holdings.verify import HERE, Trouble

if TYPE_CHECKING:
    from pathlib import Path

    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.store.store import Store


class Repaired(NamedTuple):
    """What became of a trouble; `problem` says why it is still there."""

    trouble: Trouble
    problem: MlgitError | None = None


def repair(
    store: Store, troubles: Sequence[Trouble], remotes: Sequence[SharedRemote]
) -> list[Repaired]:
    """Make each copy whole from one that this clone or one of the remotes has.

    Args:
        store: The store.
        troubles: What was found.
        remotes: Those that may be read; those that are in trouble are written, too.
    """
    return [_attempt(store, trouble, remotes) for trouble in troubles]


def _attempt(store: Store, trouble: Trouble, remotes: Sequence[SharedRemote]) -> Repaired:
    try:
        if trouble.place == HERE:
            _restore(store, trouble, remotes)
        else:
            _send(store, trouble, remotes)
    except MlgitError as error:
        return Repaired(trouble, error)
    return Repaired(trouble)


def _restore(store: Store, trouble: Trouble, remotes: Sequence[SharedRemote]) -> None:
    """Replace each copy in this clone that is not whole."""
    held, digest = caches(store), trouble.named.sha256
    bad = [cache for cache in held if cache.has(digest) and not cache.verify(digest)]
    for cache in bad or held[:1]:
        source = _whole(store, trouble, remotes, bad)
        if source != cache.path(digest):  # else it was fetched to where it belongs
            cache.put(digest, source)


def _send(store: Store, trouble: Trouble, remotes: Sequence[SharedRemote]) -> None:
    digest = trouble.named.sha256
    others = [remote for remote in remotes if remote.name != trouble.place]
    (target,) = (remote for remote in remotes if remote.name == trouble.place)
    source = _whole(store, trouble, others)
    if isinstance(target, Collectable):
        announce(store, target)
    target.put(digest, source)
    remember(store, target.url, [digest])


def _whole(
    store: Store,
    trouble: Trouble,
    remotes: Sequence[SharedRemote],
    bad: Sequence[ObjectCache] = (),
) -> Path:
    """A file with the right bytes, fetched where this clone has none.

    Raises:
        NotFound: Nobody who was asked has them whole.
        RemoteFailed, StorageFailed: A remote did not answer, or the disk refused.
    """
    digest = trouble.named.sha256
    for cache in caches(store):
        if cache.verify(digest):
            return cache.path(digest)
    into = bad[0] if bad else downloads(store)
    found = download([Wanted(digest, trouble.named.size)], remotes, into)
    if found.complete:
        return into.path(digest)
    if found.failed:
        raise found.failed[0].error
    raise NotFound(
        f"no whole copy of {trouble.named.path} is known",
        "ask whoever logged it to run: mlgit artifact verify --remote --fix",
        sha256=digest,
    )
