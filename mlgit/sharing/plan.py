"""What one push is to change at the remote: its branch, and refs of its inbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.history import is_ancestor
from mlgit.git.transport import HEADS, INBOX, Pushed, Update
from mlgit.sharing.crowd import raced_lately
from mlgit.sharing.inbox import clearing, landed, new_ref, note
from mlgit.store.lineage import strays

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.transport import Fetched, Transport
    from mlgit.sharing.inbox import Inbox
    from mlgit.sharing.pull import Pulled
    from mlgit.store.store import Store


class Brought(NamedTuple):
    """What is to be pushed.

    Attributes:
        own: The local branch before what the remote has was taken in.
        tip: The local branch now.
        pulled: What was taken in.
    """

    own: Oid | None
    tip: Oid
    pulled: Pulled | None


def planned(
    store: Store, transport: Transport, there: Fetched, brought: Brought
) -> Sequence[Update]:
    """The changes to ask for; none where the remote has all of it.

    The branch moves only from where it was seen, so that nothing is taken for landed that is not.
    Where many push at once, what is new here goes to the inbox as well, as it was before others'
    work was taken in: so there is less to merge again for whoever was faster. Refs of the inbox are
    removed only when the branch was seen to have their commits, so the order does not matter.
    """
    objects = store.repository.objects
    done = landed(objects, there.inbox, there.tip)
    if brought.tip == there.tip:
        return clearing(done)
    updates = [
        Update(
            f"{HEADS}{transport.branch}", brought.tip, there.tip, _leased(objects, there, brought)
        )
    ]
    if len(done) < len(there.inbox) or raced_lately(store, transport.remote):
        commit = _own(brought)
        updates.append(Update(new_ref(store, commit), commit))
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


def taken_over(store: Store, there: Fetched, tip: Oid, pulled: Pulled | None) -> Inbox:
    """What was taken in from the inbox without its history, as that is of an older epoch."""
    left = pulled.left if pulled else ()
    known = landed(store.repository.objects, there.inbox, tip)
    return {name: oid for name, oid in there.inbox.items() if name not in {*known, *left}}


def _leased(objects: Objects, there: Fetched, brought: Brought) -> bool:
    taken = brought.pulled.epoch if brought.pulled else None
    replaced = taken is not None and taken.replaces == there.tip
    return replaced or there.tip is None or is_ancestor(objects, there.tip, brought.tip)


def _own(brought: Brought) -> Oid:
    taken = brought.pulled.epoch if brought.pulled else None
    return brought.own if brought.own and taken is None else brought.tip
