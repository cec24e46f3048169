"""Sending objects to a remote."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remote import Bundling
from mlgit.artifacts.transfer.crew import TIMEOUT, Crew, Pulse
from mlgit.artifacts.transfer.packing import in_bundles, packs_of, send_pack, small_ones
from mlgit.artifacts.transfer.retry import bounded, patiently
from mlgit.artifacts.transfer.values import Failure, Pack, Progress, Uploaded, Wanted
from mlgit.errors import Damaged, InvalidState, NotFound, RemoteFailed

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote

_QUESTIONS = 1000  # sizes that any place can tell within one time limit


def upload(
    wanted: Sequence[Wanted],
    source: ObjectCache | Sequence[ObjectCache],
    remote: SharedRemote,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
    timeout: float = TIMEOUT,
) -> Uploaded:
    """Send what the remote lacks; one that fails does not stop the others.

    Args:
        wanted: What shall be on the remote; twice the same is once.
        source: Where the bytes are; of several, the first that has them whole is used.
        remote: Where they go.
        progress: Told how far it is.
        workers: How many objects are sent at once; chosen by number and size when None.
        timeout: Seconds after which an object that does not move is given up, and after which
            it is not tried again.

    Raises:
        RemoteFailed, StorageFailed: What is there already cannot be found out; nothing was sent.
    """
    sources = [source] if isinstance(source, ObjectCache) else list(source)
    asked = list(dict.fromkeys(wanted))
    there, items = _looked_for(asked, remote, timeout)
    lost: set[Wanted] = set()

    def send(item: Wanted | Pack, pulse: Pulse) -> None:
        if isinstance(item, Pack):
            assert isinstance(remote, Bundling)
            lost.update(send_pack(item, remote, sources))
        else:
            _send(item, pulse, sources, remote)

    done, failed = Crew(send, workers, timeout).work(items, progress)
    sent = [one for one in done if one not in lost]
    missing = [*lost, *(failure.wanted for failure in failed if _is_missing(failure))]
    return Uploaded(there, sent, missing, [one for one in failed if not _is_missing(one)])


def _looked_for(
    asked: list[Wanted], remote: SharedRemote, timeout: float
) -> tuple[list[Wanted], list[Wanted | Pack]]:
    """Those that are there, and what is to be sent.

    Where there are bundles, a small one that is there by itself is sent again: to ask for each
    would cost more.
    """
    end = time.monotonic() + timeout * (1 + len(asked) // _QUESTIONS)
    small = small_ones(asked, remote)
    together = in_bundles(small, remote, timeout)
    packs = packs_of([one for one in small if one not in together])
    grouped = {*small}
    others = [one for one in asked if one not in grouped]
    sizes = _sizes([one.sha256 for one in others], remote, timeout, end)
    there = [one for one in others if sizes.get(one.sha256) == one.size]
    absent = [one for one in others if sizes.get(one.sha256) != one.size]
    return [*together, *there], [*absent, *packs]


def _sizes(digests: list[str], remote: SharedRemote, timeout: float, end: float) -> dict[str, int]:
    """The sizes of those that are there; asked in halves, then one by one, after a failure.

    A server that fails now and then would never answer for thousands at once.
    """
    if len(digests) <= 1:
        return patiently(lambda: bounded(lambda: remote.sizes(digests), timeout), timeout)
    try:
        return bounded(lambda: remote.sizes(digests), max(timeout, end - time.monotonic()))
    except RemoteFailed:
        if time.monotonic() > end:
            raise
    half = len(digests) // 2
    return {
        **_sizes(digests[:half], remote, timeout, end),
        **_sizes(digests[half:], remote, timeout, end),
    }


def _is_missing(failure: Failure) -> bool:
    return isinstance(failure.error, NotFound)


def _send(one: Wanted, pulse: Pulse, sources: list[ObjectCache], remote: SharedRemote) -> None:
    """Send one object from the first source that has it whole."""
    for source in sources:
        if not source.has(one.sha256):
            continue
        try:
            remote.put(one.sha256, source.path(one.sha256), pulse.at)
            return
        except (Damaged, NotFound, InvalidState):  # spoiled or cleaned up here: the next one
            continue
    raise NotFound(f"object {one.sha256[:12]} is not here whole", sha256=one.sha256)
