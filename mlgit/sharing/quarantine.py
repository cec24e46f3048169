"""What others pushed is taken in without what no store may hold, and that is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.oid import COMMIT, Oid, object_id
from mlgit.store.merge.base import tree_of
from mlgit.store.quarantine import Held, quarantine

if TYPE_CHECKING:
    from mlgit.git.objects import Objects

_WHO = b"mlgit <mlgit@localhost>"
_LATEST = 253_402_300_799  # the last second of the year 9999


class Clean(NamedTuple):
    """A commit that may be taken in, and what was left out of it."""

    commit: Oid
    held: tuple[Held, ...] = ()


@contextmanager
def quarantined(objects: Objects, theirs: Oid, ours: Oid | None) -> Iterator[Clean]:
    """`theirs`, or a commit on top of it without what no store may hold.

    What they pushed stays in its history. Whoever does this makes the same commit, so that a
    hostile push is cleaned once, by whoever pushes next. It is safe from `git gc` until the block
    ends. What `ours` has already is not looked at.

    Raises:
        Damaged, NotFound: One of the two commits cannot be read.
        StorageFailed: The disk refused.
    """
    tree = tree_of(objects, theirs)
    found = quarantine(objects, tree_of(objects, ours) if ours else None, tree) if tree else None
    if found is None or found.tree == tree:
        yield Clean(theirs)
        return
    data = _commit(found.tree, theirs, objects.commit(theirs).commit_time, len(found.held))
    pack = objects.write_guarded([*found.objects, (COMMIT, data)])
    try:
        yield Clean(object_id(COMMIT, data), tuple(found.held))
    finally:
        pack.release()


def _commit(tree: Oid, parent: Oid, seconds: int, count: int) -> bytes:
    when = min(max(seconds, 0), _LATEST)
    head = [b"tree " + tree, b"parent " + parent]
    head += [b"%b %b %d +0000" % (role, _WHO, when) for role in (b"author", b"committer")]
    subject = f"quarantine: {count} path{'s' * (count != 1)} that no store may hold"
    return b"\n".join([*head, b"", f"{subject}\n\n[skip ci]\n".encode()])
