"""What this clone has recorded, brought to where others find it: at once where nobody else did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mlgit.git.transport.protocol import HEADS, Pushed, Update
from mlgit.sharing.crowd import note_race, raced_lately
from mlgit.sharing.inbox import clearing, known_inbox, landed, waits
from mlgit.sharing.plan import Synced, follows, vouched

if TYPE_CHECKING:
    from mlgit.git.transport.protocol import Transport
    from mlgit.sharing.plan import Vouch
    from mlgit.store.store import Store


def push(store: Store, transport: Transport, vouch: Vouch | None = None) -> Synced:
    """Bring the remote what is new here, and take in what it has only where it has moved on.

    Raises:
        As `sync`.
    """
    known, inbox = store.repository.refs.read(transport.tracking), known_inbox(store, transport)
    tip, objects = vouched(store, transport, vouch), store.repository.objects
    calm = not (waits(objects, inbox, known, tip) or raced_lately(store, transport.remote))
    sent = 0
    if tip and known and calm and follows(objects, known, tip):
        ref = f"{HEADS}{transport.branch}"
        found = transport.push(
            [Update(ref, tip, known, force=True), *clearing(landed(objects, inbox, known))]
        )[ref]
        if found is not Pushed.RACED:
            return Synced(None, tip, pushed=found is Pushed.DONE, attempts=1)
        note_race(store, transport.remote)
        sent = 1
    from mlgit.sharing.sync import bring  # merging is a lot to import, and seldom needed here

    return bring(store, transport, time.sleep, sent, vouch)
