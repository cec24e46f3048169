"""Which remote the store is shared through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import Ambiguous, NotFound
from mlgit.git.transport.choice import transport_to

if TYPE_CHECKING:
    from mlgit.git.transport.protocol import Transport
    from mlgit.store.store import Store


def transport_of(store: Store, remote: str = "") -> Transport:
    """The way to a remote: the one named, else the branch's own, `origin`, or the only one.

    Raises:
        NotFound: There is no such remote, or none at all.
        Ambiguous: There are several, and none is the usual one.
    """
    repository, branch = store.repository, store.branch.name
    known = repository.config.subsections("remote")
    configured = repository.config.get(f"branch.{branch}", "remote") or ""
    if remote:
        if remote not in known:
            raise NotFound(
                f"there is no remote {remote!r}",
                f"git remote add {remote} URL",
                candidates=known,
            )
        return transport_to(repository, remote, branch)
    for usual in (configured, "origin", *(known if len(known) == 1 else ())):
        if usual in known:
            return transport_to(repository, usual, branch)
    if known:
        raise Ambiguous(
            f"several remotes are known: {', '.join(known)}",
            f"mlgit sync {known[0]}, or git config branch.{branch}.remote {known[0]}",
            candidates=known,
        )
    raise NotFound("this repository has no remote", "git remote add origin URL")
