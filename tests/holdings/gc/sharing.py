"""Clones that share a hub and a remote of artifacts, and clean-ups of that remote."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

from fsspec.implementations.memory import MemoryFileSystem

from mlgit.artifacts.bundles.archive import bundle_at
from mlgit.artifacts.remote import Key
from mlgit.artifacts.remotes.bundling import BundlingRemote
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote
from mlgit.artifacts.remotes.place import Place
from mlgit.holdings.gc.clean import Cleaned, clean_remote
from mlgit.holdings.gc.leases import announce
from mlgit.holdings.gc.plan import Thing, Wish
from mlgit.holdings.named import named_by
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.store import Store
from tests.holdings.gc.kit import AROUND, MONTH, cache, record
from tests.support.faulty import REMOVE, WRITE, Faults, FaultyFileSystem

Clone = Callable[[str], Store]
FOLDERS = ("sha256", "bundles", "roots", "trash", "tmp")


class Aged(BundlingRemote):
    """A remote of any kind that tells a time a month ago of what was there at the last `age`."""

    def __init__(self, remote: FsspecRemote) -> None:
        super().__init__(remote.name, remote.url, remote.place)
        self._old: dict[str, Key] = {}

    def age(self) -> None:
        found = (key for folder in FOLDERS for key in super(Aged, self).keys(folder))
        self._old = {key.name: key for key in found}

    def key(self, name: str) -> Key | None:
        found = super().key(name)
        return found and self._told(found)

    def keys(self, under: str) -> Iterator[Key]:
        return map(self._told, super().keys(under))

    def write(self, name: str, data: bytes, sha256: str = "") -> None:
        self._old.pop(name, None)  # some places tell whole seconds
        super().write(name, data, sha256)

    def _told(self, key: Key) -> Key:
        is_old = self._old.get(key.name) == key
        return key._replace(modified=key.modified - MONTH) if is_old else key


def faulty_remote(root: str, faults: Faults) -> tuple[Aged, MemoryFileSystem]:
    """An empty remote in memory that keeps bundles, and its files without the faults."""
    raw = MemoryFileSystem()
    raw.makedirs(root, exist_ok=True)

    def make() -> FaultyFileSystem:
        return FaultyFileSystem(raw, faults)

    return Aged(BundlingRemote("main", "faulty://main", Place(make, root, ""))), raw


def send(store: Store, remote: FsspecRemote, *digests: str) -> None:
    """Leave word and bytes, as `mlgit push` does before the ref."""
    announce(store, remote)
    for digest in digests or named_by(store):
        if cache(store).has(digest):
            remote.put(digest, cache(store).path(digest))


def share(store: Store, remote: FsspecRemote) -> None:
    """What `mlgit push` does: leave word, bytes, then the ref."""
    send(store, remote)
    sync(store, transport_of(store))


def put(remote: FsspecRemote, store: Store) -> str:
    """Bytes on the remote that nothing names."""
    digest, _ = cache(store).put_bytes(os.urandom(1000))
    remote.put(digest, cache(store).path(digest))
    return digest


def bundle(store: Store, remote: Aged, live: int, dead: int) -> tuple[list[str], list[str]]:
    """A bundle on the remote: (digests of runs that are pushed, digests that nothing names)."""
    data = [os.urandom(110_000) for _ in range(live + dead)]
    names = [cache(store).put_bytes(one)[0] for one in data]
    for one in data[:live]:
        record(store, one)
    announce(store, remote)
    remote.put_bundle(list(zip(names, data, strict=True)))
    sync(store, transport_of(store))
    return names[:live], names[live:]


def clean(
    store: Store,
    remote: FsspecRemote,
    *,
    delete: bool = True,
    ignored: tuple[str, ...] = (),
) -> Cleaned:
    wish = Wish(time.time())
    return clean_remote(store, remote, AROUND, wish, delete=delete, ignored=ignored)


def expire(remote: FsspecRemote) -> None:
    """All that was put aside was put aside long ago."""
    for key in list(remote.keys("trash")):
        rest = key.name.split("/", 2)[2]
        remote.move(key.name, f"trash/2020-01-01/{rest}")


def digests(things: tuple[Thing, ...]) -> list[str]:
    return [one.sha256 for one in things]


def stored(remote: Aged) -> set[str]:
    """The objects of a remote, alone or whole in bundles."""
    found = {key.name.rpartition("/")[2] for key in remote.keys("sha256")}
    for key in remote.keys("bundles"):
        found |= remote.open_bundle(bundle_at(key.name)).keys()
    return found


class Dying(Faults):
    """From the `left`-th change on, none is made any more, as after a kill."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def strike(self, kind: str) -> str:
        if kind in (WRITE, REMOVE):
            self.left -= 1
            if self.left < 0:
                raise Killed
        return ""


class Killed(BaseException):
    """No error that anybody handles."""
