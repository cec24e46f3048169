"""Bytes that the branch says only one clone has: said by a push by name only, and taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.holdings.named import named_by, new_since
from mlgit.records import layout
from mlgit.store.finding import amount

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.records.unshared import Unshared
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


def declared(snapshot: Snapshot) -> dict[str, Unshared]:
    """What the files below `unshared/` say, by path; one that is damaged says nothing."""
    found = {}
    for name in snapshot.names(layout.UNSHARED):
        path = f"{layout.UNSHARED}/{name}"
        one = _read(snapshot, path)
        if one is not None:
            found[path] = one
    return found


def clones_of(snapshot: Snapshot) -> dict[str, str]:
    """Digest -> the clone that said it alone has the bytes."""
    return {
        digest: one.clone for one in declared(snapshot).values() for digest in sorted(one.sizes)
    }


def unnamed(store: Store, tip: Oid, known: Collection[Oid], said: Collection[str]) -> set[str]:
    """Those of `said` that no manifest names any more: their runs were purged or forgotten.

    Looked for only where `tip` has lost one of them since the commits `known`, or none is known;
    none where that cannot be found out.
    """
    objects = store.repository.objects
    try:
        lost = [one for commit in known for one in new_since(objects, commit, [tip])]
        if not said or (known and not set(said).intersection(lost)):
            return set()
        return set(said).difference(named_by(store))
    except (NotFound, Damaged):
        return set()


def declare(store: Store, sizes: Mapping[str, int], over: Collection[str] = ()) -> None:
    """Say on the branch, in a commit, that only this clone has these bytes.

    Of the digests `over` nothing is said any more.

    Raises:
        As `Store.change`.
    """

    def put(change: Change) -> None:
        _clear(change, over)
        _put(change, store.writer, sizes)

    store.apply(put, f"unshared: {amount(len(sizes), 'artifact')} only in clone {store.writer}")


def take_back(store: Store, digests: Collection[str]) -> None:
    """Say no more that one clone alone has these bytes: others find them, or nobody wants them.

    Raises:
        As `Store.change`.
    """

    def clear(change: Change) -> None:
        _clear(change, digests)

    store.apply(clear, f"unshared: {amount(len(digests), 'artifact')} no more")


def _clear(change: Change, digests: Collection[str]) -> None:
    for path, one in declared(change.snapshot).items():
        left = {digest: size for digest, size in one.sizes.items() if digest not in digests}
        if len(left) < len(one.sizes):
            change.remove(path)
            _put(change, one.clone, left)


def _put(change: Change, clone: str, sizes: Mapping[str, int]) -> None:
    from mlgit.records.unshared import Unshared, dump_unshared, unshared_name

    if sizes:
        data = dump_unshared(Unshared(clone, sizes))
        change.put(layout.unshared_path(unshared_name(data)), data)


def _read(snapshot: Snapshot, path: str) -> Unshared | None:
    from mlgit.records.unshared import load_unshared

    if layout.parse_path(path) is None:
        return None
    try:
        data = snapshot.read(path)
        return None if data is None else load_unshared(data)
    except Damaged:
        return None
