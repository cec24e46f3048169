"""Where the registry is read: the data branch, and the branch that guards its pointers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.registry.guarded import Made
    from mlgit.store.change import Change
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
    """What is there now; of a guarded branch of its own what has landed.

    Raises:
        NoStore: The data branch is gone.
    """
    from mlgit.registry.guarded import guarded_branch, landed_tip

    data, branch = store.snapshot(), guarded_branch(store)
    if branch is store.branch:
        return Sight(data, data)
    trees = Trees(store.repository.objects)
    return Sight(data, Snapshot(trees, landed_tip(branch), branch.name))


def landed_sight(store: Store) -> Sight:
    """What is there for everybody, as far as it was fetched; all of it where there is no upstream.

    Raises:
        InvalidState: A branch is nowhere.
    """
    from mlgit.registry.guarded import guarded_branch, landed_tip

    trees = Trees(store.repository.objects)
    data = Snapshot(trees, landed_tip(store.branch))
    branch = guarded_branch(store)
    return Sight(data, data if branch is store.branch else Snapshot(trees, landed_tip(branch)))


def decide(
    store: Store,
    edit: Callable[[Change, Sight], T],
    subject: str,
    trailers: Mapping[str, str] | None = None,
) -> T:
    """Change what is guarded, in one commit; `edit` may be called again where a race was lost.

    Raises:
        InvalidState: The registry has a branch of its own that is shared: only proposals change it.
        As `Store.apply`, and what `edit` raises.
    """
    from mlgit.registry.guarded import guarded_branch

    if guarded_branch(store) is store.branch:
        return store.apply(
            lambda change: edit(change, Sight(change.snapshot, change.snapshot)), subject, trailers
        )
    return _decide_apart(store, edit, subject, trailers)


def _decide_apart(
    store: Store,
    edit: Callable[[Change, Sight], T],
    subject: str,
    trailers: Mapping[str, str] | None,
) -> T:
    from mlgit.errors import Guarded
    from mlgit.registry.guarded import commit_here, guarded_branch, with_edits
    from mlgit.store.change import Change
    from mlgit.store.message import message

    branch, objects, found = guarded_branch(store), store.repository.objects, list[T]()
    if branch.upstream_tip() is not None:
        raise Guarded(
            f"the registry is protected: only proposals change the branch {branch.name}",
            "mlgit promote MODEL@N --to ALIAS --propose",
        )

    def build(tip: Oid) -> Made | None:
        change = Change(Snapshot(Trees(objects), tip))
        found[:] = [edit(change, Sight(store.snapshot(), change.snapshot))]
        text = change.message or message(subject, trailers)
        return with_edits(objects, tip, change.edits(), text, store)

    commit_here(store, branch, build, subject)
    return found[0]
