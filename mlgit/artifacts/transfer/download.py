"""Fetching objects from the first remote that has them whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlgit.artifacts.remote import Ranged
from mlgit.artifacts.transfer.crew import TIMEOUT, Crew, Pulse
from mlgit.artifacts.transfer.packing import fetch_packs
from mlgit.artifacts.transfer.part import Part, part_of
from mlgit.artifacts.transfer.telling import Telling
from mlgit.artifacts.transfer.values import BadCopy, Downloaded, Failure, Progress, Wanted
from mlgit.errors import Damaged, MlgitError, NotFound, RemoteFailed, StorageFailed

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.remote import SharedRemote

_OUT_OF_ORDER = 3  # failures in a row after which a remote is asked last
_KINDS = (RemoteFailed, StorageFailed, Damaged, NotFound)
_BREAKS = 100  # times that one reading may break off before its end


def download(
    wanted: Sequence[Wanted],
    remotes: Sequence[SharedRemote],
    into: ObjectCache,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
    timeout: float = TIMEOUT,
) -> Downloaded:
    """Fetch what is not here; one that fails does not stop the others.

    What was fetched of an object stays when the call is broken off, in any way, and the next call
    of any process goes on from there. An object appears in `into` only whole and verified.

    Args:
        wanted: What shall be here; twice the same is once.
        remotes: Asked in this order; the next one when a copy is damaged or no answer comes.
        into: Where they are kept.
        progress: Told how far it is.
        workers: How many objects are fetched at once; chosen by number and size when None.
        timeout: Seconds after which an object that does not move is given up, and after which
            it is not tried again.
    """
    asked = list(dict.fromkeys(wanted))
    telling = Telling(progress, asked)
    packed = dict.fromkeys(fetch_packs(asked, remotes, into, telling, timeout))
    telling.finished(list(packed))
    left = [one for one in asked if one not in packed]
    fetching = _Fetching(remotes, into)
    fetched, failed = Crew(fetching.fetch, workers, timeout).work(left, telling)
    nowhere = [one.wanted for one in failed if _is_nowhere(one)]
    return Downloaded(
        [one for one in fetched if one in fetching.there],
        [*packed, *(one for one in fetched if one not in fetching.there)],
        nowhere,
        [one for one in failed if not _is_nowhere(one)],
        list(dict.fromkeys(fetching.damaged)),
    )


def _is_nowhere(failure: Failure) -> bool:
    return isinstance(failure.error, NotFound | Damaged)


class _Fetching:
    """What the threads of one download share."""

    def __init__(self, remotes: Sequence[SharedRemote], into: ObjectCache) -> None:
        self._remotes, self._into = list(remotes), into
        self.there: set[Wanted] = set()
        self.damaged: list[BadCopy] = []
        self._failures: Counter[int] = Counter()

    def fetch(self, one: Wanted, pulse: Pulse) -> None:
        if self._into.verify(one.sha256):
            self.there.add(one)
            return
        with part_of(self._into, one) as part:
            self._fill(part, one, pulse)
            part.land(self._into, one)

    def _fill(self, part: Part, one: Wanted, pulse: Pulse) -> None:
        """Read the object from one remote after the other; raises what is most worth knowing."""
        troubles: list[MlgitError] = [NotFound("no remote was asked", sha256=one.sha256)]
        for number, remote in self._in_order(one):
            trouble = _trouble(part, remote, one, pulse)
            self._note(number, one, trouble)
            if trouble is None:
                return
            troubles.append(trouble)
        raise min(troubles, key=_weight)

    def _in_order(self, one: Wanted) -> list[tuple[int, SharedRemote]]:
        """The remotes worth asking; those that fail all the time come last."""
        asked = [
            (number, remote)
            for number, remote in enumerate(self._remotes)
            if BadCopy(remote.name, one) not in self.damaged
        ]
        return sorted(asked, key=lambda item: self._failures[item[0]] >= _OUT_OF_ORDER)

    def _note(self, number: int, one: Wanted, trouble: MlgitError | None) -> None:
        if isinstance(trouble, Damaged):
            self.damaged.append(BadCopy(self._remotes[number].name, one))
        failed = isinstance(trouble, RemoteFailed | StorageFailed)
        self._failures[number] = self._failures[number] + 1 if failed else 0


def _weight(error: MlgitError) -> int:
    """What may pass comes first, for it is tried again; then what tells most."""
    return _KINDS.index(type(error))


def _trouble(part: Part, remote: SharedRemote, one: Wanted, pulse: Pulse) -> MlgitError | None:
    try:
        _read_whole(part, remote, one, pulse)
    except _KINDS as error:
        return error
    return None


def _read_whole(part: Part, remote: SharedRemote, one: Wanted, pulse: Pulse) -> None:
    """Complete the object from one remote.

    Read twice when the first reading is wrong: its beginning may come from elsewhere.
    """
    for _ in range(2):
        if isinstance(remote, Ranged):
            _read_on(part, remote, one, pulse)
        else:
            _read_anew(part, remote, one)
        if part.is_whole(one):
            return
        part.clear()
    raise Damaged(f"{remote.name} has other bytes under {one.sha256[:12]}", path=one.sha256)


def _read_on(part: Part, remote: Ranged, one: Wanted, pulse: Pulse) -> None:
    """Append what is lacking, as far as the remote has it."""
    for _ in range(_BREAKS):
        before = part.size
        if before >= one.size:
            return
        for piece in remote.pieces(one.sha256, before):
            part.append(piece)
            pulse.at(part.size)
            if part.size > one.size:
                return
        if part.size == before:
            return


def _read_anew(part: Part, remote: SharedRemote, one: Wanted) -> None:
    part.clear()
    try:
        remote.get(one.sha256, part.file)
    except BaseException:
        part.clear()
        raise
    part.read_again()
