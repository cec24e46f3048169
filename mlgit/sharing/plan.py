"""What one push is to change at the remote: its branch, and refs of its inbox."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.history import is_ancestor
from mlgit.git.transport.protocol import HEADS, INBOX, Pushed, Update
from mlgit.sharing.crowd import raced_lately
from mlgit.sharing.inbox import clearing, known_inbox, landed, new_ref, note, waits
from mlgit.store.lineage import strays

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Fetched, Transport
    from mlgit.sharing.epoch import TakenOver
    from mlgit.sharing.pull import Pulled
    from mlgit.store.store import Store


class Synced(NamedTuple):
    """What became of both branches.

    Attributes:
        pulled: What was taken in; None where the remote had nothing.
        tip: The local branch now.
        pushed: Whether the remote's branch moved.
        attempts: How many pushes were sent.
        inbox: The ref of the remote's inbox that has what is new here, because others were faster
            at the branch; "" where the branch has all of it.
    """

    pulled: Pulled | None
    tip: Oid
    pushed: bool
    attempts: int
    inbox: str = ""


Vouch = Callable[[Collection["Oid"]], "Oid | None"]
"""Gives what of the local branch may be pushed to where these commits are known already.

It may add commits to the branch first, and what it raises ends the push: nothing was moved.
"""


def vouched(store: Store, transport: Transport, vouch: Vouch | None) -> Oid | None:
    """The local branch as it may be pushed now; None where there is none."""
    if vouch is None:
        return store.branch.tip()
    tracked = store.repository.refs.read(transport.tracking)
    return vouch([*([tracked] if tracked else []), *known_inbox(store, transport).values()])


class Brought(NamedTuple):
    """What is to be pushed.

    Attributes:
        own: The local branch before what the remote has was taken in; None where the remote's
            branch has that already.
        tip: The local branch now.
        taken: What was done where the two sides were of different epochs.
    """

    own: Oid | None
    tip: Oid
    taken: TakenOver | None


def brought(
    store: Store, there: Fetched, own: Oid | None, tip: Oid, pulled: Pulled | None
) -> Brought:
    """What this clone has that the remote's branch, as it was fetched, has not."""
    taken = pulled.epoch if pulled else None
    own = tip if own is None or taken else own
    known = there.tip is not None and is_ancestor(store.repository.objects, own, there.tip)
    return Brought(None if known else own, tip, taken)


def planned(store: Store, transport: Transport, there: Fetched, new: Brought) -> Sequence[Update]:
    """The changes to ask for; none where the remote has all of it.

    The branch moves only from where it was seen, so that nothing is taken for landed that is not.
    Where many push at once, what is new here goes to the inbox as well, as it was before others'
    work was taken in: so there is less to merge again for whoever was faster. Refs of the inbox are
    removed only when the branch was seen to have their commits, so the order does not matter.
    """
    objects = store.repository.objects
    done = landed(objects, there.inbox, there.tip)
    if new.tip == there.tip:
        return clearing(done)
    leased = _may_move(objects, there.tip, new)
    updates = [Update(f"{HEADS}{transport.branch}", new.tip, there.tip, leased)]
    crowded = waits(objects, there.inbox, there.tip, new.tip)
    if new.own and (crowded or raced_lately(store, transport.remote)):
        updates.append(Update(new_ref(store, new.own), new.own))
    return [*updates, *clearing(done)]


def follows(objects: Objects, known: Oid, tip: Oid) -> bool:
    """Whether a branch may go from `known` to `tip` without a word: forwards, in one epoch."""
    return is_ancestor(objects, known, tip) and not strays(objects, tip, known)


def arrived(
    store: Store, transport: Transport, updates: Sequence[Update], done: Mapping[str, Pushed]
) -> str:
    """The new ref of the inbox, if the remote has it now; it is remembered here, too."""
    for one in updates:
        new = one.new if one.ref.startswith(INBOX) else None
        if new and done[one.ref] in (Pushed.DONE, Pushed.UP_TO_DATE):
            note(store, transport, one.ref, new)
            return one.ref
    return ""


def _may_move(objects: Objects, there: Oid | None, new: Brought) -> bool:
    """Whether nothing is lost where the branch goes from `there` to the new tip."""
    replaced = new.taken is not None and new.taken.replaces == there
    return replaced or there is None or is_ancestor(objects, there, new.tip)
