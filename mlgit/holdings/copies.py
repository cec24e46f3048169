"""On how many remotes the bytes of artifacts are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mlgit.artifacts.transfer.retry import patiently

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.artifacts.transfer.values import Wanted

_PATIENCE = 60.0  # seconds


def copies_of(remotes: Sequence[SharedRemote], wanted: Iterable[Wanted]) -> dict[str, list[str]]:
    """Names of the remotes that have each object with its size, by sha256; no bytes are read.

    Raises:
        RemoteFailed, StorageFailed: A remote did not answer, so its copies are not known.
    """
    sizes = {one.sha256: one.size for one in wanted}
    found: dict[str, list[str]] = {digest: [] for digest in sizes}
    for remote in remotes:
        there = patiently(lambda remote=remote: remote.sizes(list(sizes)), _PATIENCE)  # type: ignore[misc]
        for digest, size in there.items():
            if sizes.get(digest) == size:
                found[digest].append(remote.name)
    return found
