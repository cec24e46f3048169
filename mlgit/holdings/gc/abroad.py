"""What others may have named: the branches of every git remote, as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlgit.errors import Unsupported
from mlgit.git.transport.choice import transport_to
from mlgit.holdings.gc.tips import Tip

if TYPE_CHECKING:
    from mlgit.store.store import Store


def fetched(store: Store) -> Iterator[Tip]:
    """Fetch what every git remote has of the store, and give the tips of all its branches.

    Raises:
        RemoteFailed: One cannot be reached: what it has is not known.
        Unsupported: One has a branch that was never fetched.
    """
    repository = store.repository
    for remote in repository.config.subsections("remote"):
        transport = transport_to(repository, remote, store.branch.name)
        transport.fetch()
        for ref, oid in sorted(transport.tips().items()):
            if not repository.objects.contains(oid):
                raise Unsupported(
                    f"{remote} has {ref} at {oid.decode()[:12]}, which is not in this clone",
                    f"git fetch {remote} '+refs/heads/*:refs/remotes/{remote}/*'",
                    remote=remote,
                    ref=ref,
                )
            yield Tip(f"{ref} of {remote}", oid, current=True)
