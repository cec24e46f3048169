"""Whether all of a store is what the format says: on both its branches, and past no gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from mlgit.errors import InvalidState
from mlgit.records import layout
from mlgit.registry.sight import sight
from mlgit.store.check.check import check
from mlgit.store.check.guarded import check_guarded
from mlgit.store.doctor.doctor import invalid
from mlgit.store.problem import Problem

if TYPE_CHECKING:
    from mlgit.store.finding import Finding
    from mlgit.store.store import Store


def problems(
    store: Store, *, deep: bool = False, is_whole: Callable[[str], bool | None] = lambda _: None
) -> list[Problem]:
    """What is wrong with a store; arguments are those of `mlgit.store.check.check.check`.

    Raises:
        NoStore: The data branch is gone.
    """
    return [
        *check(store.snapshot(), deep=deep, is_whole=is_whole),
        *registry_problems(store, deep=deep),
    ]


def registry_problems(store: Store, *, deep: bool = False) -> list[Problem]:
    """What is wrong with a guarded branch of its own, and what has got past a gate.

    Raises:
        NoStore: The data branch is gone.
    """
    try:
        seen = sight(store)
    except InvalidState as error:
        path = layout.SETTINGS
        return [Problem(path, None, None, "error", "no-branch", error.message, error.hint)]
    apart = seen.guarded is not seen.data
    found = check_guarded(seen.guarded, seen.data, deep=deep) if apart else []
    if deep or seen.guarded.read(layout.POLICY):  # else it is history alone that could tell
        from mlgit.breaches import breaches

        found += breaches(store)
    return found


def findings(store: Store, *, deep: bool = False) -> Iterator[Finding]:
    """The errors among these, as the doctor says them."""
    return invalid(store, registry_problems(store, deep=deep))
