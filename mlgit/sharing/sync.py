"""Both sides brought together: what the remote has taken in, what is new here brought to it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mlgit.errors import Conflict, NoStore, RemoteFailed, Unsupported
from mlgit.git.transport.protocol import HEADS, Pushed
from mlgit.sharing.cleaning import settle
from mlgit.sharing.crowd import note_race
from mlgit.sharing.epoch import refuse_stuck
from mlgit.sharing.gather import take_in_inbox
from mlgit.sharing.inbox import clearing
from mlgit.sharing.plan import Synced, arrived, brought, planned, vouched
from mlgit.sharing.pull import Pulled, joined, take_in

if TYPE_CHECKING:
    from mlgit.git.transport.protocol import Fetched, Transport, Update
    from mlgit.sharing.plan import Vouch
    from mlgit.store.store import Store

_ATTEMPTS = 12
_FIRST_PAUSE = 0.1  # seconds; doubled after each lost race, and a random part of it is waited
_LONGEST_PAUSE = 8.0


def pull(store: Store, transport: Transport) -> Pulled | None:
    """Take in what the remote has, on its branch and in its inbox; None where it has no store.

    Raises:
        RemoteFailed: It cannot be reached.
        As `take_in`.
    """
    return _take_in(store, transport)[1]


def sync(
    store: Store,
    transport: Transport,
    sleep: Callable[[float], object] = time.sleep,
    vouch: Vouch | None = None,
) -> Synced:
    """Take in what the remote has and bring it what is new here.

    Where others are faster at the branch it is put into the remote's inbox, for the next one who
    pushes to take in; where the remote has none it is tried again.

    Raises:
        RemoteFailed: It cannot be reached, or refuses.
        Unsupported: The store would be the first branch of an empty remote.
        NoStore: Neither side has a store.
        Conflict: Every race was lost; what is here is as it was.
        As `take_in`, and what `vouch` raises.
    """
    return bring(store, transport, sleep, 0, vouch)


def bring(
    store: Store,
    transport: Transport,
    sleep: Callable[[float], object],
    sent: int = 0,
    vouch: Vouch | None = None,
) -> Synced:
    """As `sync`, for a caller that has `sent` as many pushes before."""
    ref, first = f"{HEADS}{transport.branch}", None
    for attempt in range(_ATTEMPTS):
        own = vouched(store, transport, vouch)
        there, pulled = _take_in(store, transport)
        first, tip = joined(first, pulled), vouched(store, transport, vouch)
        if tip is None:
            raise NoStore("there is no store here, and none at the remote", "mlgit init")
        if pulled is None:
            _refuse_to_be_first(store, transport)
        new = brought(store, there, own, tip, pulled)
        updates = planned(store, transport, there, new)
        done = _send(transport, updates, needed=new.own is not None)
        sent += bool(updates)
        if done.get(ref) is not Pushed.RACED:
            sent += _clear(transport, there, pulled)
            settle(store)
            return Synced(first, tip, done.get(ref) is Pushed.DONE, sent)
        refuse_stuck(transport, pulled.epoch if pulled else None)
        note_race(store, transport.remote)
        found = arrived(store, transport, updates, done)
        if found or new.own is None:
            return Synced(first, tip, pushed=False, attempts=sent, inbox=found)
        sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)))
    raise Conflict(
        f"others pushed to {transport.remote} {_ATTEMPTS} times meanwhile; nothing is lost",
        "run the command again",
        remote=transport.remote,
    )


def _take_in(store: Store, transport: Transport) -> tuple[Fetched, Pulled | None]:
    there = transport.fetch()
    pulled = take_in(store, there.tip, transport.remote) if there.tip else None
    if pulled is not None:
        pulled = joined(pulled, take_in_inbox(store, there.inbox, transport.remote))
    settle(store)
    return there, pulled


def _send(transport: Transport, updates: Sequence[Update], *, needed: bool) -> Mapping[str, Pushed]:
    """Push; what is only done for others is no failure where this clone may not push."""
    try:
        return transport.push(updates) if updates else {}
    except RemoteFailed:
        if needed:
            raise
        return {}


def _clear(transport: Transport, there: Fetched, pulled: Pulled | None) -> int:
    """Remove refs whose commits the branch will never have; how many pushes that took."""
    over = {name: there.inbox[name] for name in (pulled.over if pulled else ())}
    _send(transport, clearing(over), needed=False)
    return bool(over)


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
