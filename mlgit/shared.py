"""`push` and `sync` as everybody means them: bytes first, verified, then the branch names them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, InvalidState, MlgitError, NotFound, RemoteFailed

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.artifacts.transfer.values import Progress, Wanted
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Transport
    from mlgit.holdings.named import Named
    from mlgit.holdings.upload import Shared
    from mlgit.sharing.plan import Synced
    from mlgit.store.store import Store

_SHOWN = 5
_BY_NAME_ONLY = "mlgit push --metadata-only"


class Outcome(NamedTuple):
    """What became of a push.

    Attributes:
        synced: What became of both branches.
        sent: Artifacts that were sent.
        remotes: The artifact remotes they were sent to.
        declared: Artifacts of which the branch says now that only this clone has them.
        short: What is to be said where others are on fewer remotes than the settings ask for, or a
            git host may remove them from its LFS store.
    """

    synced: Synced
    sent: list[Wanted]
    remotes: list[str]
    declared: dict[str, Named]
    short: RemoteFailed | None


def push(
    store: Store,
    transport: Transport,
    *,
    metadata_only: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Bring what is new here to where others find it: first the bytes, then the branch.

    Args:
        store: This clone's store.
        transport: The way to the remote of the branch.
        metadata_only: Send no bytes; the branch says that only this clone has them.
        progress: Told how far the upload is.

    Raises:
        InvalidState: Bytes are named that no remote keeps, as there is none.
        RemoteFailed, Unsupported, MissingExtra: They could not be brought to one, or none is
            trusted. Then the remote's branch is as it was.
        As `sharing.push.push`.
    """
    from mlgit.sharing.push import push as bring

    bytes_first = _BytesFirst(store, metadata_only=metadata_only, progress=progress)
    return bytes_first.outcome(bring(store, transport, bytes_first))


def sync(
    store: Store,
    transport: Transport,
    *,
    metadata_only: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Take in what the remote has, and `push`; raises as that."""
    from mlgit.sharing.sync import sync as bring

    bytes_first = _BytesFirst(store, metadata_only=metadata_only, progress=progress)
    return bytes_first.outcome(bring(store, transport, vouch=bytes_first))


class _BytesFirst:
    """Vouches for the branch: what it names newly is where others find it, or is said not to be."""

    def __init__(self, store: Store, *, metadata_only: bool, progress: Progress | None) -> None:
        self._store, self._metadata_only, self._progress = store, metadata_only, progress
        self._held: set[str] = set()
        self._sent: list[Wanted] = []
        self._remotes: list[str] = []
        self._declared: dict[str, Named] = {}
        self._copies: dict[Wanted, int] = {}
        self._reasons: dict[str, MlgitError] = {}
        self._loose: RemoteFailed | None = None

    def outcome(self, synced: Synced) -> Outcome:
        short = self._short() or self._loose
        return Outcome(synced, self._sent, self._remotes, self._declared, short)

    def _short(self) -> RemoteFailed | None:
        asked = self._store.settings.artifacts.copies
        few = {one: count for one, count in self._copies.items() if count < asked}
        if not few:
            return None
        from mlgit.holdings.copies import shortage

        return shortage(self._store, few, self._reasons)

    def __call__(self, known: Collection[Oid]) -> Oid | None:
        tip = self._store.branch.tip()
        while tip is not None:
            self._settle(tip, known)
            settled, tip = tip, self._store.branch.tip()
            if tip == settled:
                break
        return tip

    def _settle(self, tip: Oid, known: Collection[Oid]) -> None:
        """See to the bytes that `tip` names; a commit is added where the branch has to say more."""
        said = self._said()
        new = _new_since(self._store, tip, known)
        needed = {one: new[one] for one in new if one not in said and one not in self._held}
        over = self._over(tip, known, said)
        if self._metadata_only:
            self._declare(needed, over)
        elif needed or said:
            self._share(needed, said, over)

    def _said(self) -> dict[str, int]:
        """What the branch says to be in one clone only: digest -> size."""
        from mlgit.records import layout

        snapshot = self._store.snapshot()
        if not snapshot.names(layout.UNSHARED):
            return {}
        from mlgit.holdings.unshared import declared

        return {key: size for one in declared(snapshot).values() for key, size in one.sizes.items()}

    def _over(self, tip: Oid, known: Collection[Oid], said: Mapping[str, int]) -> set[str]:
        """Those of `said` that nothing names any more."""
        if not said:
            return set()
        from mlgit.holdings.unshared import unnamed

        return unnamed(self._store, tip, known, said.keys())

    def _share(
        self, needed: Mapping[str, Named], said: Mapping[str, int], over: Collection[str]
    ) -> None:
        wanted = self._wanted(needed, {one: said[one] for one in said if one not in over})
        remotes = self._reachable(needed) if wanted else []
        if not remotes:
            self._take_back(over)
            return
        found = self._bring(wanted, remotes)
        self._take_back({*over, *(found.held.keys() & said.keys())})
        lacking = {one: found.lacking[one] for one in needed if one not in found.held}
        if lacking:
            raise _not_shared(needed, lacking, remotes)
        self._copies |= {one: len(found.held.get(one.sha256, ())) for one in wanted}
        self._reasons |= found.lacking
        self._held |= said.keys()  # tried once is enough

    def _wanted(self, needed: Mapping[str, Named], said: Mapping[str, int]) -> list[Wanted]:
        """What is named newly, and what this clone has of that which one clone alone is said to."""
        from mlgit.artifacts.transfer.values import Wanted
        from mlgit.holdings.upload import caches

        held = caches(self._store)
        ours = [one for one in said if any(cache.has(one) for cache in held)]
        wanted = [Wanted(one.sha256, one.size) for one in needed.values()]
        return wanted + [Wanted(one, said[one]) for one in ours if one not in self._held]

    def _bring(self, wanted: Sequence[Wanted], remotes: Sequence[SharedRemote]) -> Shared:
        from mlgit.anchored import anchored
        from mlgit.holdings.upload import share

        copies = max(self._store.settings.artifacts.copies, 1)
        found = share(self._store, wanted, remotes, self._progress, copies=copies)
        self._held |= found.held.keys()
        self._sent = list(dict.fromkeys([*self._sent, *found.sent]))
        self._remotes += [name for name in found.remotes if name not in self._remotes]
        holders = set(chain(*found.held.values()))
        self._loose = anchored(self._store, [one for one in remotes if one.name in holders])
        return found

    def _take_back(self, digests: Collection[str]) -> None:
        if digests:
            from mlgit.holdings.unshared import take_back

            take_back(self._store, digests)

    def _reachable(self, needed: Mapping[str, Named]) -> list[SharedRemote]:
        """The remotes to send to; none where nothing has to be sent."""
        from mlgit.holdings.remotes import open_trusted

        try:
            remotes = open_trusted(self._store)
        except MlgitError as error:
            if not needed:
                return []
            error.facts["lacking"] = sorted(needed)
            raise
        if needed and not remotes:
            raise _no_remote(needed)
        places = {one.url: one for one in remotes}  # two names of one place are one copy
        return sorted(places.values(), key=lambda one: (one.name != "main", one.name))

    def _declare(self, needed: Mapping[str, Named], over: Collection[str]) -> None:
        from mlgit.holdings.memory import verified
        from mlgit.holdings.unshared import declare

        urls = self._store.settings.remotes.values() if needed else ()
        seen = set[str]().union(*(verified(self._store, url) for url in urls))
        left = {one: needed[one] for one in needed if one not in seen}
        self._held |= needed.keys()
        if left or over:
            declare(self._store, {one.sha256: one.size for one in left.values()}, over)
            self._declared.update(left)


def _new_since(store: Store, tip: Oid, known: Collection[Oid]) -> dict[str, Named]:
    """What `tip` names newly; what anybody put into an inbox and cannot be read is not known."""
    from mlgit.holdings.named import new_since

    objects = store.repository.objects
    try:
        return new_since(objects, tip, known)
    except (NotFound, Damaged):
        return new_since(objects, tip, [one for one in known if _is_ours(store, one)])


def _is_ours(store: Store, commit: Oid) -> bool:
    from mlgit.git.history import is_ancestor

    tip = store.branch.tip()
    try:
        return tip is not None and is_ancestor(store.repository.objects, commit, tip)
    except (NotFound, Damaged):
        return False


def _no_remote(needed: Mapping[str, Named]) -> InvalidState:
    return InvalidState(
        f"nothing was pushed: {_summed(needed.values())} in this clone only, and the store has no "
        f"artifact remote\n{_listed(needed)}",
        f"mlgit remote add main URL, or {_BY_NAME_ONLY}",
        lacking=sorted(needed),
    )


def _not_shared(
    needed: Mapping[str, Named], lacking: Mapping[str, MlgitError], remotes: Iterable[SharedRemote]
) -> MlgitError:
    """Why the branch stays: the reason of the biggest stands for all."""
    left = {one: needed[one] for one in needed if one in lacking}
    biggest = max(left.values(), key=lambda one: one.size)
    reason = lacking[biggest.sha256]
    where = ", ".join(one.name for one in remotes)
    lost = all(isinstance(error, NotFound) for error in lacking.values())
    hint = "push from the clone that logged them" if lost else reason.hint or "run it again"
    return RemoteFailed(
        f"the branch was not pushed: {_summed(left.values())} not on {where}: "
        f"{reason.message}\n{_listed(left)}",
        f"{hint}, or {_BY_NAME_ONLY}",
        remote=where,
        lacking=sorted(left),
    )


def _summed(found: Iterable[Named]) -> str:
    from mlgit.store.finding import amount, size_of  # a push that goes well needs no such words

    sizes = [one.size for one in found]
    verb = "is" if len(sizes) == 1 else "are"
    return f"{amount(len(sizes), 'artifact')} ({size_of(sum(sizes))}) {verb}"


def _listed(found: Mapping[str, Named]) -> str:
    """The biggest, a line each."""
    from mlgit.store.finding import size_of

    ordered = sorted(found.values(), key=lambda one: (-one.size, one.path))
    lines = [f"{one.path} of run {one.run}, {size_of(one.size)}" for one in ordered[:_SHOWN]]
    more = [f"and {len(ordered) - _SHOWN} more"] if len(ordered) > _SHOWN else []
    return "\n".join([*lines, *more])
