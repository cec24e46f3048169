"""The branch that guards aliases, stages and rules: which one it is, and how it is written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlgit.errors import Conflict, InvalidState
from mlgit.git import queue
from mlgit.git.branch import Branch
from mlgit.git.commits import new_commit
from mlgit.git.edits import apply_edits
from mlgit.git.lock import writer_lock
from mlgit.git.oid import COMMIT, Oid, object_id

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.tree import Edit
    from mlgit.store.store import Store

SUFFIX = "-registry"
_ATTEMPTS = 5

Made = tuple[list[tuple[int, bytes]], bytes]
"""The objects that a commit needs, and the commit."""
Build = Callable[[Oid], "Made | None"]
"""A commit on top of a tip; None where nothing is to be done there."""


def guarded_branch(store: Store) -> Branch:
    """The branch of its own where there is one, here or on the remote, else the data branch.

    Raises:
        InvalidState: The settings say that there is one, and it is not here.
    """
    apart = Branch(store.repository, store.branch.name + SUFFIX)
    if apart.tip() or apart.upstream_tip():
        return apart
    if store.settings.registry.protected:
        raise InvalidState(
            f"the registry stands on the branch {apart.name}, which is not here",
            "mlgit pull",
            branch=apart.name,
        )
    return store.branch


def landed_tip(branch: Branch) -> Oid:
    """Where a branch is for everybody: at its upstream as far as it was fetched, else here.

    Raises:
        InvalidState: It is nowhere.
    """
    tip = branch.upstream_tip() or branch.tip()
    if tip is None:
        raise InvalidState(f"there is no branch {branch.name}", "mlgit init")
    return tip


def commit_here(store: Store, branch: Branch, build: Build, why: str) -> Oid | None:
    """Put a commit on a branch of this clone, made again where the branch moves meanwhile.

    Raises:
        Conflict: It kept moving.
        Unsupported: It is checked out.
        StorageFailed: The disk refused; the branch is where it was.
    """
    branch.refuse_checked_out()
    store.make_folders()
    with writer_lock(store.state):
        if branch.name == store.branch.name:
            queue.drain(branch)
        for _ in range(_ATTEMPTS):
            tip = branch.tip()
            made = build(tip or landed_tip(branch))
            if made is None:
                return None
            done = branch.land(tip, *made, why)
            if done is not None:
                return done
    raise Conflict(f"the branch {branch.name} kept moving; nothing was written", "run it again")


def with_edits(
    objects: Objects,
    tip: Oid,
    edits: Mapping[str, Edit],
    message: str,
    store: Store,
    *others: Oid,
    signed: bool = False,
) -> Made | None:
    """A commit on top of a tip that changes some paths; None where that changes nothing.

    Args:
        objects: Where the tip is read from.
        tip: The first parent.
        edits: Path to new content.
        message: What it says.
        store: Whose author it has.
        others: Further parents.
        signed: Sign it where the user has a key for that, also where commits are not signed.
    """
    before = objects.commit(tip).tree
    tree, made = apply_edits(objects, before, edits)
    if tree == before:
        return None
    config = store.repository.config
    return made, new_commit(tree, (tip, *others), message, config, signed=signed)


def oid_of(made: Made) -> Oid:
    """The id of a commit that was made."""
    return object_id(COMMIT, made[1])
