"""Where the registry is read: the data branch, and the branch that guards its pointers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

T = TypeVar("T")


class Sight(NamedTuple):
    """The registry as of now.

    Attributes:
        data: Models, versions and runs.
        guarded: Aliases, stages, policy and approvals: of the data branch itself where the
            registry has no branch of its own.
    """

    data: Snapshot
    guarded: Snapshot


def sight(store: Store) -> Sight:
    """What is there now.

    Raises:
        NoStore: A branch is gone.
    """
    data = store.snapshot()
    return Sight(data, data)


def decide(
    store: Store,
    edit: Callable[[Change, Sight], T],
    subject: str,
    trailers: Mapping[str, str] | None = None,
) -> T:
    """Change what is guarded, in one commit; `edit` may be called again where a race was lost.

    Raises:
        As `Store.apply`, and what `edit` raises.
    """
    return store.apply(
        lambda change: edit(change, Sight(change.snapshot, change.snapshot)), subject, trailers
    )
