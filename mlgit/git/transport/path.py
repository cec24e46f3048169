"""A remote that is a folder of this machine, read and written without the git program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotARepository, NotFound, StorageFailed, Unsupported
from mlgit.git.pack import PackWriter, release
from mlgit.git.ref_removal import remove_ref
from mlgit.git.transport.folder import opened, refusing_hooks, tidy
from mlgit.git.transport.outgoing import lacking
from mlgit.git.transport.protocol import (
    HEADS,
    INBOX,
    QUICK,
    Deadline,
    Fetched,
    Pushed,
    Update,
    default_timeout,
    failed,
    local_refs,
)
from mlgit.git.transport.refs import (
    in_common,
    refused,
    remember_fetched,
    remember_pushed,
    remembered,
    selected,
    settled,
)
from mlgit.git.transport.url import address_of

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository
    from mlgit.git.transport.protocol import Transport

_MANY = 5_000  # objects, as of a thousand runs


class _Bulky(Exception):
    """There is more to copy than is done here; `way` is for that."""

    def __init__(self, way: Transport) -> None:
        super().__init__()
        self.way = way


class PathTransport:
    """The way to another repository of this machine, by our own reader and writer.

    What is `bulky` is left to another way, which begins anew: git copies packs as they are.
    """

    def __init__(
        self, repository: Repository, remote: str, branch: str, bulky: Transport | None = None
    ) -> None:
        self._repository = repository
        self._bulky = bulky
        self.remote, self.branch = remote, branch
        self.tracking, self.memory = local_refs(repository, remote, branch)

    def fetch(self, timeout: float | None = None) -> Fetched:
        """See `Transport.fetch`."""
        try:
            return self._fetch(timeout)
        except _Bulky as bulky:
            return bulky.way.fetch(timeout)

    def push(
        self,
        updates: Sequence[Update],
        timeout: float | None = None,
        options: Sequence[str] = (),
    ) -> dict[str, Pushed]:
        """See `Transport.push`."""
        try:
            return self._push(updates, timeout)
        except _Bulky as bulky:
            return bulky.way.push(updates, timeout, options)

    def _fetch(self, timeout: float | None) -> Fetched:
        ours, deadline = self._repository, Deadline(self.remote, timeout or default_timeout())
        with self._other("fetch from", push=False) as other:
            found = selected(_refs(other, [f"{HEADS}{self.branch}", INBOX]), self.branch)
            tips = [oid for oid in (found.tip, *found.inbox.values()) if oid]
            haves = remembered(ours, self)
            with _copied(other.objects, ours.objects, tips, haves, deadline, self._bulky):
                remember_fetched(ours, self, found)
        return found

    def tips(self, timeout: float = QUICK) -> dict[str, Oid]:  # noqa: ARG002
        """See `Transport.tips`."""
        with self._other("reach", push=False) as other:
            return _refs(other, [HEADS])

    def _push(self, updates: Sequence[Update], timeout: float | None) -> dict[str, Pushed]:
        ours, deadline = self._repository, Deadline(self.remote, timeout or default_timeout())
        with self._other("push to", push=True) as other:
            there = _refs(other, [HEADS, INBOX, *(one.ref for one in updates)])
            found = settled(ours.objects, updates, there)
            left = [one for one in updates if one.ref not in found]
            self._refuse(other, left)
            haves = in_common(ours.objects, there, self.branch)
            wants = [one.new for one in left if one.new]
            with _copied(ours.objects, other.objects, wants, haves, deadline, self._bulky):
                for one in left:
                    found[one.ref] = _changed(other, one, there.get(one.ref))
            tidy(other)
        remember_pushed(ours, self, updates, found)
        return found

    def _refuse(self, other: Repository, updates: Sequence[Update]) -> None:
        """Refuse what git would: what is checked out there, and what its owner forbids."""
        for name in refusing_hooks(other) if updates else ():
            raise refused(self.remote, f"its {name} hook is run by git alone: install git")
        taken = other.checked_out_branches()
        for one in updates:
            if one.ref in taken:
                raise refused(self.remote, f"the branch is checked out in {taken[one.ref]}")
            if one.new is None and other.config.flag("receive", "denyDeletes", default=False):
                raise refused(self.remote, "it lets nothing be deleted")

    @contextmanager
    def _other(self, action: str, *, push: bool) -> Iterator[Repository]:
        path = address_of(self._repository, self.remote, push=push).path
        try:
            with opened(Path(path)) as other:
                yield other
        except (NotARepository, NotFound, Damaged) as error:
            raise failed(self.remote, action, error.message, error.message) from error


def _refs(other: Repository, prefixes: Iterable[str]) -> dict[str, Oid]:
    names = {name for prefix in prefixes for name in other.refs.names(prefix)}
    names |= {prefix for prefix in prefixes if not prefix.endswith("/")}
    found = {}
    for name in sorted(names):
        try:
            oid = other.refs.read(name)
        except Unsupported:  # a symbolic ref
            continue
        if oid:
            found[name] = oid
    return found


def _changed(other: Repository, update: Update, now: Oid | None) -> Pushed:
    try:
        if update.new is None:
            done = now is not None and remove_ref(other, update.ref, now)
        else:
            done = other.refs.compare_and_swap(update.ref, now, update.new, "push")
    except StorageFailed as error:
        if "holder" in error.facts:  # of its lock; the other refs of this push are not concerned
            return Pushed.RACED
        raise
    return Pushed.DONE if done else Pushed.RACED


@contextmanager
def _copied(
    source: Objects,
    target: Objects,
    wants: Iterable[Oid],
    haves: Iterable[Oid],
    deadline: Deadline,
    bulky: Transport | None,
) -> Iterator[None]:
    """Inside the block the target has what `wants` need, guarded against its clean-up."""
    common = [oid for oid in haves if source.contains(oid) and target.contains(oid)]
    new = lacking(source, wants, common)
    if bulky:
        some = [*islice(new, _MANY)]
        if len(some) == _MANY:
            raise _Bulky(bulky)
        new = chain(some, new)
    with PackWriter(Path(target.directory), target.shared) as writer:
        for one in new:
            deadline()
            kind, data = source.read(one.oid)
            if writer.add(kind, data, one.like) != one.oid:
                raise Damaged(f"object {one.oid.decode()[:12]} is damaged")
        pack = writer.finish()
    target.refresh()
    try:
        yield
    finally:
        if pack:
            release(pack)
