"""What this clone has that others have not, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, NotFound, Unsupported
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.tree import diff
from mlgit.records import layout
from mlgit.sharing.inbox import known_inbox, landed
from mlgit.store.lineage import epoch_at

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Transport
    from mlgit.store.store import Store


class SharedState(NamedTuple):
    """Both sides as of the last fetch or push.

    Attributes:
        remote: The remote's name.
        known: Whether the remote was ever asked, and has a store.
        ahead: Runs that only this clone has.
        behind: Runs that only the remote's branch has.
        waiting: Runs in the remote's inbox, which the next sync of anyone brings to its branch.
        apart: Whether one side has forgotten what the other still has.
    """

    remote: str
    known: bool
    ahead: int
    behind: int
    waiting: int = 0
    apart: bool = False


class Changes(NamedTuple):
    """What one commit has that an earlier one had not: runs, and runs that were changed."""

    new: frozenset[str]
    changed: frozenset[str]


def shared_state(store: Store, transport: Transport) -> SharedState:
    """Where this clone stands, without asking the remote."""
    ours, theirs = store.branch.tip(), store.repository.refs.read(transport.tracking)
    if theirs is None:
        return SharedState(transport.remote, known=False, ahead=0, behind=0)
    inbox = known_inbox(store, transport)
    done = landed(store.repository.objects, inbox, theirs)
    heads = {oid for name, oid in inbox.items() if name not in done}
    waiting = frozenset[str]().union(*(_new_at(store, theirs, head) for head in heads))
    ahead = changes_between(store, theirs, ours).new - waiting if ours else ()
    behind = changes_between(store, ours, theirs).new
    apart = ours is not None and _apart(store, ours, theirs)
    return SharedState(transport.remote, True, len(ahead), len(behind), len(waiting), apart)


def _apart(store: Store, ours: Oid, theirs: Oid) -> bool:
    try:
        mine, other = (epoch_at(store.repository.objects, tip) for tip in (ours, theirs))
    except (Damaged, Unsupported):  # `check` names it, and a sync says what to do
        return False
    return mine != other


def _new_at(store: Store, branch: Oid, head: Oid) -> frozenset[str]:
    try:
        return changes_between(store, branch, head).new
    except (Damaged, NotFound):  # anybody may have put anything into an inbox
        return frozenset()


def runs_between(store: Store, old: Oid | None, new: Oid) -> int:
    """How many runs `new` has that `old` has not."""
    return len(changes_between(store, old, new).new)


def changes_between(store: Store, old: Oid | None, new: Oid) -> Changes:
    """What is new in `new`, by the paths of the records."""
    objects = store.repository.objects
    before, after = (
        None if commit in (None, ROOT_COMMIT) else objects.commit(commit).tree
        for commit in (old or ROOT_COMMIT, new)
    )
    runs = [change for change in diff(objects, before, after) if _is_run(change.path)]
    return Changes(
        frozenset(change.path for change in runs if change.old is None),
        frozenset(change.path for change in runs if change.old and change.new),
    )


def _is_run(path: str) -> bool:
    located = layout.parse_path(path)
    return located is not None and located.kind == "run"
