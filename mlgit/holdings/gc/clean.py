"""The clean-up of this clone, and that of a remote; without `delete` nothing is changed."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from mlgit.artifacts.remote import Collectable
from mlgit.errors import Unsupported
from mlgit.git.lock import writer_lock
from mlgit.holdings.gc.abroad import fetched
from mlgit.holdings.gc.collect import Work, collect
from mlgit.holdings.gc.leases import announce, drop, is_known, leases, refuse_strangers
from mlgit.holdings.gc.leftovers import drop as drop_leftovers
from mlgit.holdings.gc.leftovers import leftovers
from mlgit.holdings.gc.marks import Marks, refuse_incomplete
from mlgit.holdings.gc.plan import plan
from mlgit.holdings.gc.shelf import Shelf
from mlgit.holdings.named import named_by
from mlgit.store.lineage import epoch_at

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.holdings.gc.beside import Surroundings
    from mlgit.holdings.gc.collect import Collected
    from mlgit.holdings.gc.leases import Lease
    from mlgit.holdings.gc.leftovers import Leftover
    from mlgit.holdings.gc.plan import Plan, Wish
    from mlgit.store.store import Store

_AT_ONCE = 8


class Cleaned(NamedTuple):
    """What was found, and what was done; `done` is None where nothing was to be done.

    `leftovers` are those of broken transfers: what is to be removed, or was.
    """

    plan: Plan
    done: Collected | None
    leftovers: tuple[Leftover, ...] = ()


def clean_here(store: Store, around: Surroundings, wish: Wish, *, delete: bool) -> Cleaned:
    """Clean up the artifact bytes that this clone keeps.

    Raises:
        Unsupported: The clone is shallow or partial, or the store of a newer format.
        Damaged, NotFound, StorageFailed: What names bytes cannot be read; nothing was changed.
    """
    place = Shelf(store.data / "objects")
    marks = Marks(store, around, wish.before)
    found = plan(place, marks, wish)
    broken = leftovers([place, Shelf(store.cache / "objects")], wish)
    if not delete:
        return Cleaned(found, None, tuple(broken))
    store.make_folders()
    alone = lambda: writer_lock(store.state)  # noqa: E731
    work = Work(place, marks, wish, marks.look_again, alone, keeps_times=True)
    return Cleaned(found, collect(work, found), drop_leftovers(broken))


def clean_remote(
    store: Store,
    remote: SharedRemote,
    around: Surroundings,
    wish: Wish,
    *,
    delete: bool,
    ignored: Collection[str] = (),
) -> Cleaned:
    """Clean up a remote, after a look at every git remote; `ignored` are clones that are gone.

    Raises:
        As `clean_here`; Unsupported: Files there cannot be moved, or others use the remote.
        RemoteFailed: It, or a git remote, did not answer.
    """
    if not isinstance(remote, Collectable):
        raise Unsupported(
            f"{remote.name} cannot be cleaned up from here", "its host has means of its own"
        )
    refuse_incomplete(store)
    tips = list(fetched(store))
    marks = Marks(store, around, wish.before, tips)
    users, strangers = _users(store, remote, marks, ignored)
    refuse_strangers(strangers, remote.name)
    found = plan(remote, marks, wish)
    _refuse_strange(store, remote, found, users)
    if not delete:
        return Cleaned(found, None, tuple(leftovers([remote], wish)))
    word = announce(store, remote)
    if word.modified < wish.now:  # the older clock decides what is old
        wish = wish._replace(now=word.modified)
        found = plan(remote, marks, wish)
    look = lambda: marks.look_again(list(fetched(store)))  # noqa: E731
    came = lambda: bool(_users(store, remote, marks, ignored)[1])  # noqa: E731
    work = Work(remote, marks, wish, look, nullcontext, came, workers=_AT_ONCE)
    done = collect(work, found)
    for lease in users:
        if lease.id != store.writer and lease.modified < wish.before:
            drop(remote, lease)
    return Cleaned(found, done, drop_leftovers(leftovers([remote], wish)))


def _users(
    store: Store, remote: Collectable, marks: Marks, ignored: Collection[str]
) -> tuple[list[Lease], list[Lease]]:
    """Those who use the remote: (all whose names are known here, the others)."""
    said = [one for one in leases(remote) if one.id not in ignored]
    epoch = epoch_at(store.repository.objects, store.branch.tip())
    before = epoch.before if epoch else ()
    known = [one for one in said if is_known(one, store.writer, marks.commits, before)]
    return known, [one for one in said if one not in known]


def _refuse_strange(store: Store, remote: Collectable, found: Plan, users: list[Lease]) -> None:
    """Refuse what looks like another store's remote, or like none."""
    named = named_by(store)
    if named and not any(found):
        raise Unsupported(
            f"{remote.name} lists nothing, and this store names {len(named)} artifacts",
            "mlgit remote list: is it the right address?",
        )
    if found.unnamed and not (found.named or found.mixed or users):
        raise Unsupported(
            f"of {len(found.unnamed)} objects in {remote.name} none is of this store, and no clone "
            "of it has said that it uses it",
            "mlgit remote list: is it the right address? `mlgit push` leaves word there",
        )
