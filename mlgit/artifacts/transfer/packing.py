"""Small objects sent and fetched many at a time, where a remote has bundles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from mlgit.artifacts.bundles.archive import FEWEST, SMALL, batches
from mlgit.artifacts.remote import Bundling
from mlgit.artifacts.transfer.crew import Crew, Pulse
from mlgit.artifacts.transfer.retry import bounded, patiently
from mlgit.artifacts.transfer.values import Pack, Progress, Wanted
from mlgit.errors import Damaged, InvalidState, NotFound, RemoteFailed, StorageFailed

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.remote import SharedRemote

_READERS = 4
_WORTH_WHOLE = 8  # objects of one bundle for which all of it is read


def small_ones(wanted: Sequence[Wanted], remote: SharedRemote) -> list[Wanted]:
    """Those that would share bundles; none where they are too few, or the remote has none."""
    if not isinstance(remote, Bundling):
        return []
    found = [one for one in wanted if one.size <= SMALL]
    return found if len(found) >= FEWEST else []


def packs_of(wanted: Sequence[Wanted]) -> list[Pack]:
    """Small objects in their order, as many together as one bundle takes."""
    packs, start = [], 0
    for count in batches(one.size for one in wanted):
        packs.append(Pack(tuple(wanted[start : start + count])))
        start += count
    return packs


def in_bundles(
    wanted: Sequence[Wanted], remote: SharedRemote | Bundling, timeout: float
) -> dict[Wanted, str]:
    """Those that are in bundles of the remote now, and in which; none where it has no bundles.

    Raises:
        RemoteFailed, StorageFailed: It did not answer; nothing is known.
    """
    if not wanted or not isinstance(remote, Bundling):
        return {}
    digests = [one.sha256 for one in wanted]
    found = patiently(lambda: bounded(lambda: remote.bundled(digests), timeout), timeout)
    return {
        one: found[one.sha256].bundle
        for one in wanted
        if one.sha256 in found and found[one.sha256].span.size == one.size
    }


def whole_in_bundles(wanted: Sequence[Wanted], remote: SharedRemote, timeout: float) -> set[Wanted]:
    """Those that are whole in a bundle of the remote: each bundle is read once.

    Raises:
        RemoteFailed, StorageFailed: It did not answer.
    """
    if not isinstance(remote, Bundling):
        return set()
    there = in_bundles(small_ones(wanted, remote), remote, timeout)

    def whole(bundle: str) -> set[str]:
        with suppress(NotFound):
            return set(patiently(lambda: remote.open_bundle(bundle), timeout))
        return set()

    with ThreadPoolExecutor(_READERS) as pool:
        found = set[str]().union(*pool.map(whole, set(there.values())))
    return {one for one in there if one.sha256 in found}


def send_pack(pack: Pack, remote: Bundling, sources: Sequence[ObjectCache]) -> list[Wanted]:
    """Send a pack as one bundle; those of it that are not here whole were left out."""
    found = {one: _bytes_of(one, sources) for one in pack.members}
    objects = [(one.sha256, data) for one, data in found.items() if data is not None]
    if objects:
        remote.put_bundle(objects)
    return [one for one, data in found.items() if data is None]


def _bytes_of(one: Wanted, sources: Sequence[ObjectCache]) -> bytes | None:
    for source in sources:
        with suppress(Damaged, NotFound, InvalidState), source.open(one.sha256) as file:
            return file.read()
    return None


def fetch_packs(
    wanted: Sequence[Wanted],
    remotes: Sequence[SharedRemote],
    into: ObjectCache,
    progress: Progress | None,
    timeout: float,
) -> list[Wanted]:
    """Fetch of `wanted` what comes many at a time; what fails here is for others to try.

    An object appears in `into` only whole and verified.
    """
    fetched: dict[Wanted, None] = {}
    for remote in remotes:
        if not isinstance(remote, Bundling):
            continue
        left = [one for one in small_ones(wanted, remote) if one not in fetched]
        left = [one for one in left if not into.has(one.sha256)]
        if left:
            fetched |= dict.fromkeys(_fetch_from(left, remote, into, progress, timeout))
    return list(fetched)


def _fetch_from(
    wanted: Sequence[Wanted],
    remote: Bundling,
    into: ObjectCache,
    progress: Progress | None,
    timeout: float,
) -> list[Wanted]:
    try:
        there = in_bundles(wanted, remote, timeout)
    except (RemoteFailed, StorageFailed):
        return []
    groups: dict[str, list[Wanted]] = defaultdict(list)
    for one, bundle in there.items():
        groups[bundle].append(one)
    packs = [Pack(tuple(ones), name) for name, ones in groups.items() if len(ones) >= _WORTH_WHOLE]
    lost: set[Wanted] = set()

    def fetch(pack: Pack, pulse: Pulse) -> None:
        found = remote.open_bundle(pack.bundle)
        pulse.at(pack.size)
        with into.intake() as intake:
            for one in pack.members:
                data = found.get(one.sha256)
                if data is not None:
                    intake.take(BytesIO(data), one.size, one.sha256)
                else:
                    lost.add(one)

    fetched, _ = Crew(fetch, None, timeout).work(packs, progress)
    return [one for one in fetched if one not in lost]
