"""What a fetch leaves here as refs, and which refs of a push may move."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mlgit.errors import Conflict, MlgitError, RemoteFailed
from mlgit.git.history import is_ancestor
from mlgit.git.ref_removal import remove_ref
from mlgit.git.transport.protocol import HEADS, INBOX, Fetched, Pushed, Update, failed

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository
    from mlgit.git.transport.protocol import Transport

_ATTEMPTS = 10
_MOVED = (Pushed.DONE, Pushed.UP_TO_DATE)
RACED_WORDS = (
    *("fetch first", "non-fast-forward", "stale info", "already exists", "lock failure"),
    *("cannot lock ref", "failed to lock", "failed to update ref", "incorrect old value"),
)


def selected(there: Mapping[str, Oid], branch: str) -> Fetched:
    """Of all refs of a remote, those that are fetched; ill-formed names are left out."""
    from dulwich.refs import Ref, check_ref_format

    inbox = {
        name: oid
        for name, oid in there.items()
        if name.startswith(INBOX) and check_ref_format(Ref(name.encode("utf-8", "replace")))
    }
    return Fetched(there.get(f"{HEADS}{branch}"), inbox)


def remember_fetched(repository: Repository, transport: Transport, found: Fetched) -> None:
    """Make the local refs say what the remote has; of its inbox also what is gone.

    Raises:
        StorageFailed: The disk refused.
        Conflict: Another program keeps moving them.
    """
    if found.tip:
        _set(repository, transport.tracking, found.tip, f"fetch {transport.remote}")
    memory = {transport.memory + name.removeprefix(INBOX): oid for name, oid in found.inbox.items()}
    for name in repository.refs.names(transport.memory):
        old = repository.refs.read(name)
        if name not in memory and old:
            remove_ref(repository, name, old)
    for name, oid in memory.items():
        _set(repository, name, oid, f"fetch {transport.remote}")


def remembered(repository: Repository, transport: Transport) -> list[Oid]:
    """Commits that are here with all they need: the local branch, and what was fetched before."""
    refs = repository.refs
    names = [f"{HEADS}{transport.branch}", transport.tracking, *refs.names(transport.memory)]
    return list(dict.fromkeys(oid for oid in map(refs.read, names) if oid))


def settled(
    objects: Objects, updates: Iterable[Update], there: Mapping[str, Oid]
) -> dict[str, Pushed]:
    """The refs of a push that need no change or must not be changed, and why."""
    found: dict[str, Pushed] = {}
    for one in updates:
        now = there.get(one.ref)
        if now == one.new:
            found[one.ref] = Pushed.UP_TO_DATE
        elif not (now == one.old if one.force or one.new is None else _forwards(objects, one, now)):
            found[one.ref] = Pushed.RACED
    return found


def in_common(objects: Objects, there: Mapping[str, Oid], branch: str) -> list[Oid]:
    """Which commits of a store the remote, which has the refs `there`, shares with us."""
    names = [name for name in there if name == f"{HEADS}{branch}" or name.startswith(INBOX)]
    return list(dict.fromkeys(there[name] for name in names if objects.contains(there[name])))


def judged(ref: str, words: str) -> Pushed | None:
    """What a remote means that did not change a ref; None where it refuses the branch."""
    if any(reason in words for reason in RACED_WORDS):
        return Pushed.RACED
    return Pushed.REFUSED if ref.startswith(INBOX) else None


def resolve(
    updates: Sequence[Update], error: RemoteFailed, ask: Callable[[list[str]], dict[str, Oid]]
) -> dict[str, Pushed]:
    """What became of updates of which no word came back: the remote is asked what it has.

    Raises:
        RemoteFailed: `error`, unless all of them have arrived.
    """
    try:
        there = ask([one.ref for one in updates])
    except RemoteFailed:
        raise error from None
    if any(there.get(one.ref) != one.new for one in updates):
        raise error
    return {one.ref: Pushed.DONE for one in updates}


def remember_pushed(
    repository: Repository,
    transport: Transport,
    updates: Sequence[Update],
    found: Mapping[str, Pushed],
) -> None:
    """Note where the remote's branch is now; a note that fails costs the next push a fetch."""
    for one in updates:
        if one.ref == f"{HEADS}{transport.branch}" and one.new and found[one.ref] in _MOVED:
            try:
                _set(repository, transport.tracking, one.new, "update by push")
            except MlgitError:
                return


def refused(remote: str, words: str, said: str = "") -> RemoteFailed:
    """The error to raise where a remote refuses the branch; `said` is all that was heard."""
    heard = (line.partition("remote:") for line in said.splitlines())
    told = next((f": {end.strip()}" for start, _, end in heard if not start and end.strip()), "")
    return failed(remote, "push to", said or words, words + told)


def _forwards(objects: Objects, update: Update, now: Oid | None) -> bool:
    """Whether a ref would only move on: creation, or from an ancestor that is known here."""
    if now is None or update.new is None:
        return True
    return objects.contains(now) and is_ancestor(objects, now, update.new)


def _set(repository: Repository, name: str, new: Oid, why: str) -> None:
    refs = repository.refs
    for _ in range(_ATTEMPTS):
        old = refs.read(name)
        if old == new or refs.compare_and_swap(name, old, new, why):
            return
    raise Conflict(f"another program keeps moving {name}", "run the command again", ref=name)
