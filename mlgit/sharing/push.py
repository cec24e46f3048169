"""What this clone has recorded, brought to where others find it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Conflict, NoStore, Unsupported
from mlgit.git.history import is_ancestor
from mlgit.git.transport import HEADS, Pushed, Update
from mlgit.sharing.cleaning import settle
from mlgit.sharing.lineage import strays
from mlgit.sharing.pull import Pulled, take_in

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.transport import Transport
    from mlgit.store.store import Store

_ATTEMPTS = 12
_FIRST_PAUSE = 0.1  # seconds; doubled after each lost race, and a random part of it is waited
_LONGEST_PAUSE = 8.0


class Synced(NamedTuple):
    """What became of both branches.

    Attributes:
        pulled: What was taken in; None where the remote had nothing.
        tip: The commit that both have now.
        pushed: Whether the remote's branch moved.
        attempts: How often it was tried.
    """

    pulled: Pulled | None
    tip: Oid
    pushed: bool
    attempts: int


def pull(store: Store, transport: Transport) -> Pulled | None:
    """Take in what the remote has; None where it has no store.

    Raises:
        RemoteFailed: It cannot be reached.
        As `take_in`.
    """
    theirs = transport.fetch().tip
    pulled = take_in(store, theirs, transport.remote) if theirs else None
    settle(store)
    return pulled


def push(store: Store, transport: Transport) -> Synced:
    """Bring the remote what is new here, and take in what it has only where it has moved on.

    Raises:
        As `sync`.
    """
    tip, known = store.branch.tip(), store.repository.refs.read(transport.tracking)
    objects = store.repository.objects
    if tip and known and is_ancestor(objects, known, tip) and not strays(objects, tip, known):
        done = _move(transport, tip)
        if done is not Pushed.RACED:
            return Synced(None, tip, pushed=done is Pushed.DONE, attempts=1)
    return sync(store, transport)


def sync(
    store: Store, transport: Transport, sleep: Callable[[float], object] = time.sleep
) -> Synced:
    """Take in what the remote has and bring it what is new here, again where others were faster.

    Raises:
        RemoteFailed: It cannot be reached, or refuses.
        Unsupported: The store would be the first branch of an empty remote.
        NoStore: Neither side has a store.
        Conflict: Every race was lost; what is here is as it was.
        As `take_in`.
    """
    first: Pulled | None = None
    for attempt in range(_ATTEMPTS):
        pulled = pull(store, transport)
        first = _joined(first, pulled)
        tip = store.branch.tip()
        if tip is None:
            raise NoStore("there is no store here, and none at the remote", "mlgit init")
        if pulled is None:
            _refuse_to_be_first(store, transport)
        elif store.repository.refs.read(transport.tracking) == tip:
            return Synced(first, tip, pushed=False, attempts=attempt + 1)
        taken = pulled.epoch if pulled else None
        done = _move(transport, tip, taken.replaces if taken else None)
        if done is not Pushed.RACED:
            settle(store)
            return Synced(first, tip, pushed=done is Pushed.DONE, attempts=attempt + 1)
        sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)))
    raise Conflict(
        f"others pushed to {transport.remote} {_ATTEMPTS} times meanwhile; nothing is lost",
        "run the command again",
        remote=transport.remote,
    )


def _move(transport: Transport, tip: Oid, replaced: Oid | None = None) -> Pushed:
    """Bring the remote's branch to `tip`: forwards, or away from what a new epoch replaces."""
    ref = f"{HEADS}{transport.branch}"
    return transport.push([Update(ref, tip, replaced, force=replaced is not None)])[ref]


def _joined(first: Pulled | None, last: Pulled | None) -> Pulled | None:
    if first is None or last is None:
        return first or last
    found = tuple(dict.fromkeys((*first.open, *last.open)))
    epoch = last.epoch or first.epoch
    return Pulled(first.before, last.after, first.merged or last.merged, found, epoch)


def _refuse_to_be_first(store: Store, transport: Transport) -> None:
    """A forge makes the first branch it gets the default: that must be the code's."""
    own_repository = store.home.state_dir != store.repository.state_dir
    if own_repository or transport.tips():
        return
    raise Unsupported(
        f"{transport.remote} is empty: the store would become its default branch",
        f"push the code first: git push -u {transport.remote} HEAD",
        remote=transport.remote,
    )
