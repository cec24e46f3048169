"""Bytes brought to where others find them, and seen there whole, before anything names them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remote import Collectable
from mlgit.artifacts.transfer.packing import whole_in_bundles
from mlgit.artifacts.transfer.telling import Telling
from mlgit.artifacts.transfer.values import Wanted
from mlgit.errors import (
    Damaged,
    MlgitError,
    NotFound,
    RemoteFailed,
    StorageFailed,
    Unsupported,
)
from mlgit.holdings.gc.leases import announce
from mlgit.holdings.memory import remember, verified

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.artifacts.transfer.values import Progress, Uploaded
    from mlgit.store.store import Store

_BATCH = 1 << 30  # bytes after which what was sent is remembered: a push that is killed goes on
_MANY = 2000
_READERS = 8
_PATIENCE = 60.0  # seconds


class Shared(NamedTuple):
    """What became of bytes that others shall find.

    Attributes:
        sent: Those that were sent.
        held: Digest -> names of the remotes that have it whole now.
        lacking: Digest -> why the last remote that should have it, and has not, did not take it.
        remotes: Names of the remotes that something was sent to.
    """

    sent: list[Wanted]
    held: dict[str, list[str]]
    lacking: dict[str, MlgitError]
    remotes: list[str]


def caches(store: Store) -> list[ObjectCache]:
    """Where this clone keeps bytes: what was logged here, and what was downloaded."""
    return [ObjectCache(store.data / "objects"), ObjectCache(store.cache / "objects")]


def share(
    store: Store,
    wanted: Sequence[Wanted],
    remotes: Sequence[SharedRemote],
    progress: Progress | None = None,
    *,
    copies: int = 1,
) -> Shared:
    """Bring the bytes to the first `copies` of the remotes that take them, verified on each.

    What is there already is read there once, unless this clone has seen it whole before, and sent
    again where it is not.

    Raises:
        StorageFailed: The disk here refused.
    """
    done = Shared([], {}, {}, [])
    for remote in remotes:
        left = [one for one in wanted if len(done.held.get(one.sha256, ())) < copies]
        told = Telling(progress, left)
        for batch in _batches(left):
            _share_batch(store, batch, remote, told, done)
            told.finished(batch)
    return done


def _share_batch(
    store: Store, batch: list[Wanted], remote: SharedRemote, told: Telling, done: Shared
) -> None:
    from mlgit.artifacts.transfer.upload import upload

    try:
        if isinstance(remote, Collectable):
            announce(store, remote)
        found = upload(batch, caches(store), remote, progress=told)
    except (RemoteFailed, StorageFailed, Unsupported) as error:
        done.lacking.update({one.sha256: error for one in batch})
        return
    seen = verified(store, remote.url)
    unseen = [one for one in found.there if one.sha256 not in seen]
    problems = _verify(unseen, caches(store), remote)
    whole = [*found.sent, *(one for one in found.there if one.sha256 not in problems)]
    remember(store, remote.url, [one.sha256 for one in whole if one.sha256 not in seen])
    done.lacking.update(problems | _problems(found))
    for one in whole:
        done.held.setdefault(one.sha256, []).append(remote.name)
    done.sent.extend(found.sent)
    if found.sent and remote.name not in done.remotes:
        done.remotes.append(remote.name)


def _problems(found: Uploaded) -> dict[str, MlgitError]:
    absent = {
        one.sha256: NotFound("its bytes are neither here nor there", sha256=one.sha256)
        for one in found.missing
    }
    return {**absent, **{failure.wanted.sha256: failure.error for failure in found.failed}}


def _verify(
    there: Sequence[Wanted], sources: Sequence[ObjectCache], remote: SharedRemote
) -> dict[str, MlgitError]:
    """Those whose bytes on the remote are not what they are named for, nor could be replaced."""
    if not there:
        return {}
    from concurrent.futures import ThreadPoolExecutor

    def problem(one: Wanted) -> MlgitError | None:
        try:
            return None if remote.verify(one.sha256) else _replaced(one, sources, remote)
        except MlgitError as error:
            return error

    try:
        left = set(there) - whole_in_bundles(there, remote, _PATIENCE)
    except (RemoteFailed, StorageFailed) as error:
        return {one.sha256: error for one in there}
    with ThreadPoolExecutor(_READERS) as pool:
        found = zip(left, pool.map(problem, left), strict=True)
        return {one.sha256: error for one, error in found if error is not None}


def _replaced(
    one: Wanted, sources: Sequence[ObjectCache], remote: SharedRemote
) -> MlgitError | None:
    """Put whole bytes in the place of damaged ones; why not, where that cannot be."""
    for source in sources:
        if source.has(one.sha256):
            remote.put(one.sha256, source.path(one.sha256))
            return None
    return Damaged(f"{remote.name} has other bytes than it should", sha256=one.sha256)


def _batches(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    batch: list[Wanted] = []
    size = 0
    for one in wanted:
        if batch and (size + one.size > _BATCH or len(batch) >= _MANY):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch
