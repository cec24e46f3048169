"""Where the registry is read: the data branch, and the branch that guards its pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


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
