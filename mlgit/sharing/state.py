"""What this clone has that others have not, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.tree import diff
from mlgit.records import layout

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.transport import Transport
    from mlgit.store.store import Store


class SharedState(NamedTuple):
    """Both sides as of the last fetch or push.

    Attributes:
        remote: The remote's name.
        known: Whether the remote was ever asked, and has a store.
        ahead: Runs that only this clone has.
        behind: Runs that only the remote has.
    """

    remote: str
    known: bool
    ahead: int
    behind: int


def shared_state(store: Store, transport: Transport) -> SharedState:
    """Where this clone stands, without asking the remote."""
    ours, theirs = store.branch.tip(), store.repository.refs.read(transport.tracking)
    if theirs is None:
        return SharedState(transport.remote, known=False, ahead=0, behind=0)
    ahead = runs_between(store, theirs, ours) if ours else 0
    behind = runs_between(store, ours, theirs)
    return SharedState(transport.remote, known=True, ahead=ahead, behind=behind)


def runs_between(store: Store, old: Oid | None, new: Oid) -> int:
    """How many runs `new` has that `old` has not."""
    objects = store.repository.objects
    before, after = (
        None if commit in (None, ROOT_COMMIT) else objects.commit(commit).tree
        for commit in (old or ROOT_COMMIT, new)
    )
    changes = (change for change in diff(objects, before, after) if change.old is None)
    return sum(_is_run(change.path) for change in changes)


def _is_run(path: str) -> bool:
    located = layout.parse_path(path)
    return located is not None and located.kind == "run"
