"""What a transfer is asked for and what it says in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mlgit.errors import MlgitError


class Wanted(NamedTuple):
    """One object to move: the sha256 of its bytes in hex, and how many bytes that are."""

    sha256: str
    size: int


class Pack(NamedTuple):
    """Small objects that are moved together.

    Attributes:
        members: The objects.
        bundle: The digest of the bundle they are in, where that is known.
    """

    members: tuple[Wanted, ...]
    bundle: str = ""

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(one.size for one in self.members)


def objects_of(item: Wanted | Pack) -> tuple[Wanted, ...]:
    """The objects that are moved by moving it."""
    return item.members if isinstance(item, Pack) else (item,)


class Moved(NamedTuple):
    """How far a transfer is.

    Attributes:
        done: Bytes moved so far; falls when a piece has to be sent again.
        total: Bytes to move in all, without what was there already.
        objects: Objects finished, be it well or not.
        of: Objects to move in all.
    """

    done: int
    total: int
    objects: int
    of: int


Progress = Callable[[Moved], object]
"""Called in the thread of the caller only, some times a second and once at the end."""


class Failure(NamedTuple):
    """An object that was not moved, and why."""

    wanted: Wanted
    error: MlgitError


class BadCopy(NamedTuple):
    """A remote's copy of an object whose bytes are not those it is named for."""

    remote: str
    wanted: Wanted


class Uploaded(NamedTuple):
    """What an upload found and did.

    Attributes:
        there: On the remote already, with the right size. Their bytes were not read: whoever may
            write to the remote can have spoiled them, and only `SharedRemote.verify` finds out.
        sent: Sent and kept: the remote's `put` verified each and returned.
        missing: Neither on the remote nor whole in any of the sources.
        failed: Here, but not sent.
    """

    there: list[Wanted]
    sent: list[Wanted]
    missing: list[Wanted]
    failed: list[Failure]

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is on the remote now."""
        return not self.missing and not self.failed


class Downloaded(NamedTuple):
    """What a download found and did.

    Attributes:
        there: Here already; read through and found whole.
        fetched: Fetched, verified and kept.
        missing: Every remote was asked and none has it whole.
        failed: Not fetched because a remote did not answer, or the disk here refused.
        damaged: The bad copies that were met on the way; another remote may have had a good one.
    """

    there: list[Wanted]
    fetched: list[Wanted]
    missing: list[Wanted]
    failed: list[Failure]
    damaged: list[BadCopy]

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is here now."""
        return not self.missing and not self.failed
