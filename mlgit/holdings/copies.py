"""On how many remotes the bytes of artifacts are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from mlgit.errors import MlgitError, RemoteFailed
from mlgit.holdings.memory import verified

if TYPE_CHECKING:
    from mlgit.artifacts.transfer.values import Wanted
    from mlgit.store.store import Store

_MAKE = "mlgit artifact verify --remote --fix"


def remembered(store: Store) -> Counter[str]:
    """On how many remotes of the store this clone has seen bytes whole, by digest; asks none."""
    urls = set(store.settings.remotes.values())
    return Counter(chain.from_iterable(verified(store, url) for url in urls))


def hint_for_more(store: Store) -> str:
    """The commands that bring artifacts to as many remotes as the settings ask for."""
    enough = len(set(store.settings.remotes.values())) >= store.settings.artifacts.copies
    return _MAKE if enough else f"mlgit remote add NAME URL, then {_MAKE}"


def shortage(
    store: Store, few: Mapping[Wanted, int], reasons: Mapping[str, MlgitError]
) -> RemoteFailed:
    """What is to be said of artifacts that are on fewer remotes than the settings ask for.

    Args:
        store: The store.
        few: On how many each is.
        reasons: Why a remote did not take one, by digest.
    """
    from mlgit.store.finding import amount, size_of

    total = size_of(sum(one.size for one in few))
    least, asked = min(few.values()), store.settings.artifacts.copies
    why, hint = _why(store, [reasons[one.sha256] for one in few if one.sha256 in reasons])
    return RemoteFailed(
        f"{amount(len(few), 'artifact')} ({total}) on {least} of {asked} remotes: {why}",
        hint,
        few=sorted(one.sha256 for one in few),
    )


def _why(store: Store, reasons: Sequence[MlgitError]) -> tuple[str, str]:
    """The reason that stands for all, and what to do."""
    from mlgit.holdings.gather import reach

    known = len(set(store.settings.remotes.values()))
    if known < store.settings.artifacts.copies:
        return f"the store has {known}", hint_for_more(store)
    near = reach(store)
    if near.untrusted:
        name = near.untrusted[0]
        return f"{name} is not trusted here", f"mlgit remote trust {name}, then {_MAKE}"
    found = [*reasons, *near.closed]
    return (found[0].message if found else "others did not take them"), _MAKE
