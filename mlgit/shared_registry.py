"""The guarded branch where it is shared: what the remote has of it, and how it is written there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlgit.errors import Conflict, InvalidState, NotFound
from mlgit.git.commits import ROOT_COMMIT, ROOT_OBJECTS, new_commit
from mlgit.git.history import is_ancestor
from mlgit.git.oid import COMMIT
from mlgit.git.ref_removal import remove_ref
from mlgit.git.reflog_removal import keep_logged
from mlgit.git.transport.choice import transport_to
from mlgit.git.transport.protocol import HEADS, Pushed, Update
from mlgit.registry.guarded import (
    SUFFIX,
    Build,
    Made,
    commit_here,
    guarded_branch,
    landed_tip,
    with_edits,
)
from mlgit.registry.proposal_name import PREFIX
from mlgit.registry.proposals.proposal import Proposal, proposals
from mlgit.sharing.remotes import transport_of
from mlgit.store.message import message

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Transport
    from mlgit.git.tree import Edit
    from mlgit.store.store import Store

_ATTEMPTS = 5


def fetched(store: Store) -> Transport | None:
    """Look what the remote has: branches, proposals; the way to it, or None where there is none.

    Raises:
        RemoteFailed: It cannot be reached.
        Ambiguous: There are several, and none is the usual one.
    """
    try:
        remote = transport_of(store)
    except NotFound:
        return None
    there = remote.tips()
    if f"{HEADS}{store.branch.name}" not in there:
        return None
    names = [ref.removeprefix(HEADS) for ref in there]
    ours = (store.branch.name, store.branch.name + SUFFIX)
    for name in (one for one in names if one in ours or one.startswith(PREFIX)):
        way = transport_to(store.repository, remote.remote, name)
        if store.repository.refs.read(way.tracking) != there[f"{HEADS}{name}"]:
            way.fetch()
    _forget_gone(store, remote.remote, set(names))
    return remote


def known(store: Store) -> list[Proposal]:
    """The proposals that are known here."""
    try:
        remote = transport_of(store).remote
    except NotFound:
        remote = ""
    return proposals(store.repository, remote)


def write(store: Store, edits: Mapping[str, Edit], text: str, *, signed: bool = False) -> None:
    """Commit on the guarded branch: on the remote's where there is one, else here.

    Raises:
        RemoteFailed: The remote cannot be reached, or refuses.
        Conflict: Others were faster again and again.
    """

    def build(tip: Oid) -> Made | None:
        return with_edits(store.repository.objects, tip, edits, text, store, signed=signed)

    put(store, fetched(store), build, text.partition("\n")[0])


def put(store: Store, remote: Transport | None, build: Build, why: str) -> None:
    """Put a commit on the guarded branch: at the remote where there is one, else here.

    `build` is called again for every new tip; what it makes None of is not written.

    Raises:
        RemoteFailed: The remote cannot be reached, or refuses.
        Conflict: Others were faster again and again.
    """
    branch = guarded_branch(store)
    if remote is None:
        commit_here(store, branch, build, why)
        return
    way = transport_to(store.repository, remote.remote, branch.name)
    for _ in range(_ATTEMPTS):
        tip = way.fetch().tip
        made = build(tip) if tip else None
        if made is None or tip is None:
            return
        [*_, commit] = store.repository.objects.write([*made[0], (COMMIT, made[1])])
        ref = f"{HEADS}{branch.name}"
        if way.push([Update(ref, commit, tip)])[ref] in (Pushed.DONE, Pushed.UP_TO_DATE):
            return
    raise Conflict(f"others were faster {_ATTEMPTS} times; nothing has landed", "run it again")


def begin_anew(store: Store) -> bool:
    """Give up the history of a guarded branch of its own; False where there is none.

    It was cut from the data branch, so it still reaches what was forgotten there. What it says
    stays as it is, with the frozen root alone before it; reflogs here follow.

    Raises:
        RemoteFailed: The remote cannot be reached, or refuses to have the branch replaced.
        Conflict: Others were faster.
    """
    remote, branch = fetched(store), guarded_branch(store)
    if branch is store.branch:
        return False
    tip, objects = landed_tip(branch), store.repository.objects
    text = message("registry: the history before was forgotten")
    commit = new_commit(objects.commit(tip).tree, (ROOT_COMMIT,), text, store.repository.config)
    if remote is None:
        logged, done = branch.ref, branch.land(tip, list(ROOT_OBJECTS), commit, "registry: anew")
    else:
        way = transport_to(store.repository, remote.remote, branch.name)
        [*_, oid] = objects.write([*ROOT_OBJECTS, (COMMIT, commit)])
        update = Update(f"{HEADS}{branch.name}", oid, tip, force=True)
        is_done = way.push([update])[update.ref] is Pushed.DONE
        logged, done = way.tracking, oid if is_done else None
    if done is None:
        raise Conflict(f"the branch {branch.name} moved; nothing was replaced", "run it again")
    keep_logged(store.repository, logged, {done, ROOT_COMMIT})
    return True


def _forget_gone(store: Store, remote: str, there: set[str]) -> None:
    """Forget proposals that the remote has no more: landed, or withdrawn by others."""
    prefix = f"refs/remotes/{remote}/"
    for ref in store.repository.refs.names(prefix + PREFIX):
        name, oid = ref.removeprefix(prefix), store.repository.refs.read(ref)
        if name not in there and oid is not None:
            remove_ref(store.repository, ref, oid)
            mine = store.repository.refs.read(f"{HEADS}{name}")
            if mine == oid:
                remove_ref(store.repository, f"{HEADS}{name}", oid)


def take_registry(store: Store, remote: str) -> None:
    """Look what a remote has of the guarded branch, where that is one of its own.

    Raises:
        RemoteFailed: It cannot be reached.
    """
    way = _way(store, remote)
    if store.settings.registry.protected or store.repository.refs.read(way.tracking):
        way.fetch()


def bring_registry(store: Store, remote: str) -> bool:
    """Bring a guarded branch that was made here to a remote, which it is followed at from then on.

    Raises:
        RemoteFailed: It cannot be reached, or refuses.
        InvalidState: The remote has another one.
    """
    way = _way(store, remote)
    ref = f"{HEADS}{way.branch}"
    mine = store.repository.refs.read(ref)
    if mine is None:
        return False
    there = way.fetch().tip
    if there is None or is_ancestor(store.repository.objects, there, mine):
        way.push([Update(ref, mine, there)])
    elif not is_ancestor(store.repository.objects, mine, there):
        raise InvalidState(
            f"{remote} has another branch {way.branch}: somebody else protected the registry, too",
            f"git push . :{ref}, which gives up yours",
        )
    remove_ref(store.repository, ref, mine)
    return True


def _way(store: Store, remote: str) -> Transport:
    return transport_to(store.repository, remote, store.branch.name + SUFFIX)
