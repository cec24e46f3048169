"""Merges by others, repaired when they are taken in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlgit.errors import Conflict
from mlgit.git.lock import writer_lock
from mlgit.git.oid import COMMIT, Oid, object_id
from mlgit.store.merge.foreign import needed_repair

if TYPE_CHECKING:
    from mlgit.git.branch import Branch
    from mlgit.git.objects import Objects
    from mlgit.store.merge.foreign import Repair
    from mlgit.store.store import Store

TRAILER = "Mlgit-Repair"
_WHO = b"mlgit <mlgit@localhost>"


@contextmanager
def repaired(objects: Objects, tip: Oid, known: Oid | None) -> Iterator[Oid]:
    """`tip`, or a commit on top of it that makes good what merges by others have lost or broken.

    Whoever repairs makes the same commit. It is safe from `git gc` until the block ends.

    Args:
        objects: Where both are.
        tip: A commit, such as one that is being taken in.
        known: Merges that this one has are not looked at; None for the whole history.

    Raises:
        Damaged: The history cannot be read.
        StorageFailed: The disk refused.
    """
    repair = needed_repair(objects, tip, known)
    if not repair.paths:
        yield tip
        return
    data = _commit(repair, tip, objects.commit(tip).commit_time)
    pack = objects.write_guarded([*repair.objects, (COMMIT, data)])
    try:
        yield object_id(COMMIT, data)
    finally:
        pack.release()


def mended_tip(branch: Branch, theirs: Oid | None) -> Oid | None:
    """The local branch's tip after merges made here by hand were repaired; not those `theirs` has.

    Hold `writer_lock` around this call.

    Raises:
        Unsupported: Something is to be repaired, and the branch is checked out.
        Conflict: Another program moved it meanwhile.
        As `repaired`.
    """
    ours = branch.tip()
    if ours is None:
        return None
    with repaired(branch.repository.objects, ours, theirs) as whole:
        if whole != ours:
            branch.refuse_checked_out()
            if not branch.repository.refs.compare_and_swap(branch.ref, ours, whole, "repair"):
                raise Conflict(
                    f"another program moved the branch {branch.name} meanwhile",
                    "run the command again",
                    branch=branch.name,
                )
    return whole


def repair_history(store: Store) -> bool:
    """Repair what any merge in the history has left to repair; whether there was anything.

    Raises:
        As `mended_tip`.
    """
    with writer_lock(store.state):
        before = store.branch.tip()
        return mended_tip(store.branch, None) != before


def _commit(repair: Repair, parent: Oid, seconds: int) -> bytes:
    count = len(repair.paths)
    subject = f"repair: {count} path{'s' * (count != 1)} after a merge without mlgit"
    trailers = [f"{TRAILER}: {merge.decode()}" for merge in repair.merges]
    head = [b"tree " + repair.tree, b"parent " + parent]
    head += [b"%b %b %d +0000" % (role, _WHO, seconds) for role in (b"author", b"committer")]
    message = "\n".join([subject, "", "[skip ci]", "", *trailers, ""])
    return b"\n".join([*head, b"", message.encode()])
