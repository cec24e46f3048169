"""Artifact bytes that, as far as is known, this clone alone holds; no remote is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from mlgit.holdings.copies import hint_for_more, remembered
from mlgit.holdings.named import Named, named_by
from mlgit.store.finding import Finding, amount, size_of

if TYPE_CHECKING:
    from mlgit.store.store import Store

_MANY = 2000  # runs whose manifests are read in a moment
_LISTED = 10


class Spread(NamedTuple):
    """Digests and sizes of what was logged here and is not where it should be.

    Attributes:
        alone: Never seen whole on a remote of the store.
        few: Seen on fewer of them than the settings ask for.
    """

    alone: dict[str, int]
    few: dict[str, int]


def spread(store: Store) -> Spread:
    """What of the bytes that were logged here is on too few remotes, as far as is known."""
    seen, asked = remembered(store), max(store.settings.artifacts.copies, 1)
    found = Spread({}, {})
    for path in _kept(f"{store.data}/objects/sha256"):
        digest = path[-64:]
        if seen[digest] < asked:
            lacking = found.few if seen[digest] else found.alone
            lacking[digest] = os.lstat(path).st_size
    return found


def sizes_only_here(store: Store) -> dict[str, int]:
    """Digests and sizes of what was logged here and never seen whole on a remote of the store."""
    return spread(store).alone


def only_here(store: Store) -> list[Named]:
    """What runs of the branch name of it, the biggest first; reads every manifest.

    Raises:
        NotFound, Damaged: A manifest cannot be read.
    """
    kept = sizes_only_here(store)
    named = named_by(store) if kept else {}
    found = [named[digest] for digest in kept if digest in named]
    return sorted(found, key=lambda one: (-one.size, one.path))


def findings(store: Store) -> Iterator[Finding]:
    """What the doctor says of it."""
    kept, few = spread(store)
    if few:
        yield _too_few(store, few)
    if kept:
        yield _alone(store, kept)


def _too_few(store: Store, few: Mapping[str, int]) -> Finding:
    what = f"{amount(len(few), 'artifact')} ({size_of(sum(few.values()))}) on fewer remotes"
    asked = store.settings.artifacts.copies
    return Finding(
        "artifacts",
        "warning",
        f"{what} than {asked}, which artifacts.copies asks for, as far as is known",
        hint_for_more(store),
        {"count": len(few), "bytes": sum(few.values()), "copies": asked},
    )


def _alone(store: Store, kept: Mapping[str, int]) -> Finding:
    total = sum(kept.values())
    few = sum(1 for _ in islice(store.snapshot().run_folders(), _MANY + 1)) <= _MANY
    named = only_here(store) if few else []
    listed = [f"{one.path} of {one.run} ({size_of(one.size)})" for one in named[:_LISTED]]
    more = [f"and {len(named) - _LISTED} more"] if len(named) > _LISTED else []
    what = f"{amount(len(kept), 'artifact')} ({size_of(total)}) in this clone only"
    return Finding(
        "artifacts",
        "warning" if store.settings.remotes else "note",
        "\n".join([f"{what}, as far as is known", *listed, *more]),
        "mlgit push" if store.settings.remotes else "mlgit remote add main URL, then mlgit push",
        {"count": len(kept), "bytes": total, "artifacts": [one._asdict() for one in named]},
    )


def _kept(root: str) -> Iterator[str]:
    """Paths of all objects; by plain names, as there may be as many folders as objects."""
    for first in _names(root):
        for second in _names(f"{root}/{first}"):
            folder = f"{root}/{first}/{second}"
            yield from (f"{folder}/{name}" for name in _names(folder) if len(name) == 64)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # a path of each costs more than the rest
    except OSError:  # what is no folder, or is being tidied away, keeps nothing
        return []
