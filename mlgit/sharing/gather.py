"""What a remote's inbox holds, brought into the local branch by one merge of all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, NotFound, Unsupported
from mlgit.git.commits import new_commit, virtual_commit
from mlgit.git.history import merge_bases
from mlgit.git.lock import writer_lock
from mlgit.git.oid import COMMIT, EMPTY_TREE
from mlgit.git.overlay import Overlay
from mlgit.sharing.pull import Pulled, forward, joined, moved, take_in
from mlgit.store.lineage import epoch_at, strays
from mlgit.store.merge.base import common_base, tree_of
from mlgit.store.merge.foreign import MERGE_TRAILER, needed_repair
from mlgit.store.merge.trees import merge_trees
from mlgit.store.quarantine import quarantine

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.sharing.inbox import Inbox
    from mlgit.store.store import Store

_UNUSABLE = (Damaged, NotFound, Unsupported)


class _Heads(NamedTuple):
    """The commits of an inbox that are not here yet.

    Attributes:
        plain: Those that are merged as they are.
        odd: Those of another epoch, with merges by others to be looked at, or with something that
            no store may hold: one at a time.
        left: The refs whose commits are not of this store, or damaged.
    """

    plain: list[Oid]
    odd: list[Oid]
    left: list[str]


def take_in_inbox(store: Store, inbox: Inbox, source: str) -> Pulled | None:
    """Bring the local branch to where it has all that an inbox holds; None where that is nothing.

    What cannot be taken in stays where it is and is named: one bad push must not stop all others.

    Raises:
        Unsupported: The branch is checked out.
        StorageFailed, Conflict: The branch could not be written; nothing has changed.
    """
    with writer_lock(store.state):
        ours = store.branch.tip()
        if ours is None or not inbox:
            return None
        heads = _sorted(store.repository.objects, ours, inbox)
        if heads.plain or heads.odd:
            store.branch.refuse_checked_out()
        pulled: Pulled | None = _gathered(store, ours, heads, source)
    for head in heads.odd:
        names = tuple(name for name, oid in inbox.items() if oid == head)
        try:
            taken = take_in(store, head, source)
        except _UNUSABLE:
            heads.left.extend(names)
        else:
            pulled = joined(pulled, taken._replace(over=names if taken.epoch else ()))
    return pulled._replace(left=tuple(sorted(heads.left))) if pulled else None


def _sorted(objects: Objects, ours: Oid, inbox: Inbox) -> _Heads:
    found = _Heads([], [], [])
    for name in sorted(inbox, key=lambda name: (inbox[name], name)):
        head = inbox[name]
        try:
            _sort(objects, ours, head, found)
        except _UNUSABLE:
            found.left.append(name)
    return found


def _sort(objects: Objects, ours: Oid, head: Oid, found: _Heads) -> None:
    apart = epoch_at(objects, head) != epoch_at(objects, ours)
    bases = merge_bases(objects, ours, head)
    if bases == [head] or head in (*found.plain, *found.odd):
        return
    if apart or strays(objects, ours, head) or strays(objects, head, ours):
        found.odd.append(head)
    elif not bases:
        raise Unsupported("the two share no past")
    elif needed_repair(objects, head, ours).paths or _holds_more(objects, ours, head):
        found.odd.append(head)
    else:
        found.plain.append(head)


def _holds_more(objects: Objects, ours: Oid, head: Oid) -> bool:
    """Whether it has what no store may hold."""
    tree = tree_of(objects, head)
    return tree is not None and quarantine(objects, tree_of(objects, ours), tree).tree != tree


def _gathered(store: Store, ours: Oid, heads: _Heads, source: str) -> Pulled:
    """All plain ones by one merge; one that cannot be read goes to the odd ones."""
    branch, overlay = store.branch, Overlay(store.repository.objects)
    if len(heads.plain) == 1 and merge_bases(overlay, ours, heads.plain[0]) == [ours]:
        return forward(branch, ours, heads.plain[0], source)
    tip, parents, contested = ours, [ours], set[str]()
    for head in heads.plain:
        try:
            tip, found = _with(overlay, tip, head, branch.upstream_tip())
        except _UNUSABLE:  # noqa: PERF203 - each stands for itself
            heads.odd.append(head)
        else:
            parents.append(head)
            contested |= found
    if tip == ours:
        return Pulled(ours, ours)
    tree = overlay.commit(tip).tree
    subject = f"merge: {source}, inbox"
    message = f"{subject}\n\n[skip ci]\n\n{MERGE_TRAILER}: {source}\n"
    data = new_commit(tree, parents, message, branch.repository.config)
    commit = branch.land(ours, overlay.reachable(tree), data, subject)
    if commit is None:
        raise moved(branch)
    return Pulled(ours, commit, merged=True, open=tuple(sorted(contested)))


def _with(overlay: Overlay, tip: Oid, head: Oid, upstream: Oid | None) -> tuple[Oid, set[str]]:
    """A commit that has both, only to be compared with, and the paths left for a person."""
    base = common_base(overlay, merge_bases(overlay, tip, head))
    trees = [tree_of(overlay, commit) or EMPTY_TREE for commit in (tip, head)]
    landed = tree_of(overlay, upstream) if upstream else None
    found = merge_trees(base.objects, base.tree, trees[0], trees[1], landed=landed)
    overlay.add_all(found.objects)
    newest = max(overlay.commit(commit).commit_time for commit in (tip, head))
    return overlay.add(COMMIT, virtual_commit(found.tree, (tip, head), newest)), set(found.open)
