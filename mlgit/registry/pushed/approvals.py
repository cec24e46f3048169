"""Approvals that a push brings: everybody writes their own, on a proposal that is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlgit.git.signed import signer_of
from mlgit.git.tree import lookup
from mlgit.records import layout
from mlgit.records.approval import Approval, load_approval
from mlgit.registry.pushed.ground import trust
from mlgit.registry.pushed.history import fresh

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.tree import Entry, TreeChange
    from mlgit.records.layout import Located
    from mlgit.registry.pushed.ground import Ground
    from mlgit.registry.pushed.history import Step


def refused(ground: Ground, step: Step, change: TreeChange, located: Located) -> Iterator[str]:
    """Why one changed file below `approvals/` may not change so; nothing where it may.

    Raises:
        NotFound, Damaged, Unsupported: It is no approval, or the signers cannot be read.
    """
    for entry in (change.old, change.new):
        if entry is None:
            continue
        word = load_approval(ground.objects.blob(entry.oid))
        yield from _misplaced(word, located)
        if not _is_by(ground, step, change, word.by):
            who = ground.user or "nobody that the server knows"
            yield f"{change.path} is the word of {word.by!r}; it was pushed by {who!r}, unsigned"
        if entry == change.new and ground.tips.get(word.proposal) is None:
            yield f"{change.path}: there is no proposal {word.proposal!r} here: push it first"
        elif entry == change.new and word.tree != _tree(ground, word.proposal):
            yield f"{change.path}: {word.proposal!r} is at another tree than the approved one"


def _misplaced(word: Approval, located: Located) -> Iterator[str]:
    right = layout.approval_path(layout.folder_name(word.proposal), layout.folder_name(word.by))
    if right != layout.approval_path(located.target, located.name):
        yield f"the approval of {word.by!r} for {word.proposal!r} belongs to {right}"


def _tree(ground: Ground, proposal: str) -> str:
    return ground.objects.commit(ground.tips[proposal]).tree.decode()


def _is_by(ground: Ground, step: Step, change: TreeChange, name: str) -> bool:
    """Whether that person pushes, or has signed a commit of the push that makes the change."""
    if ground.user == name:
        return True
    known = trust(ground.objects, step.base).who_may("approve")
    keys = [(one.name, one.key) for one in known if one.name == name]
    commits = fresh(ground.objects, step.base, step.head) if keys else ()
    return any(
        signer_of(ground.objects, one, keys) == name
        for one in sorted(commits)
        if _makes(ground, one, change.path, change.new)
    )


def _makes(ground: Ground, commit: Oid, path: str, entry: Entry | None) -> bool:
    """Whether the file is as in `entry` from this commit on."""
    objects = ground.objects
    info = objects.commit(commit)
    before = [lookup(objects, objects.commit(one).tree, path) for one in info.parents]
    return lookup(objects, info.tree, path) == entry and entry not in before
