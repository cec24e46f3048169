"""Who uses a remote: each clone leaves word there, so that no clean-up takes a stranger's bytes.

A clone is no stranger to whoever has every commit that it had when it left word: what its runs
name is known then. `roots/<id of the clone>.json` says who it is, when, and which commit it had.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import NotFound, RemoteFailed, Unsupported
from mlgit.store.state import host_name

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Collectable, Key
    from mlgit.git.oid import Oid
    from mlgit.store.store import Store

_FOLDER = "roots"


class Lease(NamedTuple):
    """What one clone has said.

    Attributes:
        id: The clone's, as its file is named.
        who: The person and the machine; "" where the file cannot be read.
        tip: The newest commit of its store then, in hex; "" as `who`, or where it had none.
        modified: Seconds since 1970 UTC, by the remote's clock.
    """

    id: str
    who: str
    tip: str
    modified: float


def announce(store: Store, place: Collectable) -> Key:
    """Leave word that this clone uses a place; the file, with the time by the place's clock.

    To be called before anything is uploaded there.

    Raises:
        RemoteFailed, StorageFailed: The place refused, or does not show what was written.
    """
    name, email = store.repository.identity()
    tip = store.branch.tip()
    said = {
        "format": 1,
        "who": f"{name} <{email}> on {host_name()}",
        "at": times.iso(times.now_ms()),
        "tip": tip.decode() if tip else "",
    }
    file = _file(store.writer)
    place.write(file, (json.dumps(said, sort_keys=True) + "\n").encode())
    found = place.key(file)
    if found is None:
        raise RemoteFailed(
            f"{place.name} does not show what was written there just now", "run it again later"
        )
    return found


def leases(place: Collectable) -> list[Lease]:
    """What all clones have said.

    Raises:
        RemoteFailed, StorageFailed: Not all of it could be read.
    """
    return [_lease(place, key) for key in place.keys(_FOLDER)]


def drop(place: Collectable, lease: Lease) -> None:
    """Remove what a clone has said; it says it again when it uploads something."""
    place.remove(_file(lease.id))


def is_known(lease: Lease, own: str, commits: Collection[Oid], before: Iterable[str]) -> bool:
    """Whether all that the clone had named is known here, or was forgotten with its history.

    Args:
        lease: What it said.
        own: The id of this clone.
        commits: Every commit that was read here.
        before: Commits whose history was given up, in hex.
    """
    if lease.id == own or (lease.who and not lease.tip):  # it had no commit, so no names
        return True
    return lease.tip.encode() in commits or lease.tip in set(before)


def refuse_strangers(strangers: Iterable[Lease], place: str) -> None:
    """Refuse to clean up where others keep bytes of runs that are not known here.

    Raises:
        Unsupported: There is such a clone.
    """
    found = sorted(strangers)
    if found:
        first = found[0]
        day = times.iso(int(first.modified * 1000))[:10]
        who = f"{first.who or 'somebody whose word cannot be read'} ({first.id}, {day})"
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise Unsupported(
            f"{place} is used by {who}{more}, whose runs are not all known here",
            "mlgit pull, when they have pushed; one that is gone for good: "
            f"--ignore-user {first.id}",
            users=[one.id for one in found],
        )


def _file(clone: str) -> str:
    return f"{_FOLDER}/{clone}.json"


def _lease(place: Collectable, key: Key) -> Lease:
    clone = key.name.rpartition("/")[2].removesuffix(".json")
    try:
        said = json.loads(place.read(key.name))
        return Lease(clone, str(said["who"]), str(said["tip"]), key.modified)
    except (NotFound, ValueError, KeyError, TypeError):
        return Lease(clone, "", "", key.modified)
