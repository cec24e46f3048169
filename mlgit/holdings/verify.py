"""Whether artifact bytes are where they should be, and what they are named for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from mlgit.artifacts.transfer.packing import whole_in_bundles
from mlgit.artifacts.transfer.retry import patiently
from mlgit.artifacts.transfer.values import Wanted
from mlgit.holdings.memory import forget
from mlgit.holdings.upload import caches

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.holdings.named import Named
    from mlgit.store.store import Store

HERE = "this clone"
MISSING, DAMAGED = "missing", "damaged"
_PATIENCE = 60.0  # seconds
_READERS = 8


class Trouble(NamedTuple):
    """A copy that is not as it should be.

    Attributes:
        named: The bytes, and a run that names them.
        place: The remote's name, or `HERE`.
        problem: `MISSING` or `DAMAGED`.
    """

    named: Named
    place: str
    problem: str


def verify_here(store: Store, named: Sequence[Named]) -> list[Trouble]:
    """Read the copies that this clone has; those whose bytes are not what they are named for.

    What is not here is in trouble only where the store has no remote that may have it.
    """
    alone = not store.settings.remotes
    held = caches(store)
    return [Trouble(one, HERE, problem) for one in named if (problem := _here(one, held, alone))]


def _here(one: Named, held: Sequence[ObjectCache], alone: bool) -> str:
    copies = [cache for cache in held if cache.has(one.sha256)]
    if any(not cache.verify(one.sha256) for cache in copies):
        return DAMAGED
    return MISSING if alone and not copies else ""


def verify_remotes(
    store: Store,
    remotes: Sequence[SharedRemote],
    named: Sequence[Named],
    copies: int,
    *,
    deep: bool = False,
) -> list[Trouble]:
    """Ask remotes what they have; each damaged copy, and what is missing for `copies` whole ones.

    A copy of another size is damaged. What this clone remembers of such copies is forgotten.

    Args:
        store: The store.
        remotes: Those that are asked.
        named: What they should have.
        copies: How many of them should have each.
        deep: Read all bytes there, too.

    Raises:
        RemoteFailed, StorageFailed: A remote did not answer.
    """
    found = [trouble for remote in remotes for trouble in _there(remote, named, deep=deep)]
    for remote in remotes:
        bad = {one.named.sha256 for one in found if one.place == remote.name}
        if bad:
            forget(store, remote.url, bad)
    lacking = Counter(one.named.sha256 for one in found)
    enough = min(copies, len(remotes))
    return [
        one
        for one in found
        if one.problem == DAMAGED or len(remotes) - lacking[one.named.sha256] < enough
    ]


def _there(remote: SharedRemote, named: Sequence[Named], *, deep: bool) -> Iterator[Trouble]:
    sizes = patiently(lambda: remote.sizes([one.sha256 for one in named]), _PATIENCE)
    present = []
    for one in named:
        if one.sha256 not in sizes:
            yield Trouble(one, remote.name, MISSING)
        elif sizes[one.sha256] != one.size:
            yield Trouble(one, remote.name, DAMAGED)
        else:
            present.append(one)
    if not deep or not present:
        return
    wanted = [Wanted(one.sha256, one.size) for one in present]
    found = {one.sha256 for one in whole_in_bundles(wanted, remote, _PATIENCE)}
    present = [one for one in present if one.sha256 not in found]
    with ThreadPoolExecutor(_READERS) as pool:
        whole = pool.map(
            lambda one: patiently(lambda: remote.verify(one.sha256), _PATIENCE), present
        )
        yield from (
            Trouble(one, remote.name, DAMAGED)
            for one, good in zip(present, whole, strict=True)
            if not good
        )
