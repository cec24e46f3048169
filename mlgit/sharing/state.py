"""What this clone has that others have not, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import merge_bases
from mlgit.git.tree import diff
from mlgit.records import layout
from mlgit.runs.journals import live_run_ids

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
        running: Ids of runs with journals on this machine.
    """

    remote: str
    known: bool
    ahead: int
    behind: int
    running: tuple[str, ...]


def shared_state(store: Store, transport: Transport) -> SharedState:
    """Where this clone stands, without asking the remote."""
    ours, theirs = store.branch.tip(), store.repository.refs.read(transport.tracking)
    running = tuple(live_run_ids(store.data))
    if theirs is None:
        return SharedState(transport.remote, False, 0, 0, running)
    bases = merge_bases(store.repository.objects, ours, theirs) if ours else [theirs]
    base = bases[0] if bases else None
    ahead = runs_between(store, base, ours) if ours else 0
    return SharedState(transport.remote, True, ahead, runs_between(store, base, theirs), running)


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
