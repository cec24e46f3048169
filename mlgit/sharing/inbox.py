"""The inbox of a remote: where a push lands that others have beaten at the branch.

A ref of its own for each such push, so that nobody can be beaten there. Whoever pushes next takes
all of them in, and removes those that the branch has by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.git.history import is_ancestor
from mlgit.git.transport.protocol import INBOX, Update

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Transport
    from mlgit.store.store import Store

Inbox = Mapping[str, "Oid"]


def new_ref(store: Store, tip: Oid) -> str:
    """Where this clone puts a commit: a name that no other clone, or other push, has."""
    return f"{INBOX}{store.writer}-{tip[:12].decode('ascii')}"


def known_inbox(store: Store, transport: Transport) -> dict[str, Oid]:
    """What the inbox held at the last fetch, by the name at the remote."""
    refs, memory = store.repository.refs, transport.memory
    found = {INBOX + name.removeprefix(memory): refs.read(name) for name in refs.names(memory)}
    return {name: oid for name, oid in found.items() if oid}


def note(store: Store, transport: Transport, name: str, oid: Oid) -> None:
    """Remember that the inbox has a ref now; the next fetch says it again."""
    refs, memory = store.repository.refs, transport.memory + name.removeprefix(INBOX)
    with suppress(MlgitError):
        refs.compare_and_swap(memory, refs.read(memory), oid, "update by push")


def landed(objects: Objects, inbox: Inbox, tip: Oid | None) -> dict[str, Oid]:
    """The part of an inbox that a branch, which is at `tip`, has already."""
    return {name: oid for name, oid in inbox.items() if tip and _has(objects, tip, oid)}


def waits(objects: Objects, inbox: Inbox, there: Oid | None, here: Oid | None) -> bool:
    """Whether an inbox holds what was taken in here and is not on the remote's branch.

    What could not be taken in does not count: it may stay there for ever.
    """
    return bool(landed(objects, inbox, here).keys() - landed(objects, inbox, there).keys())


def clearing(inbox: Inbox) -> list[Update]:
    """How to remove refs, each only if it still is what was taken in."""
    return [Update(name, None, old=inbox[name]) for name in sorted(inbox)]


def _has(objects: Objects, tip: Oid, oid: Oid) -> bool:
    try:
        return is_ancestor(objects, oid, tip)
    except (Damaged, NotFound):  # anybody may have put anything there
        return False
