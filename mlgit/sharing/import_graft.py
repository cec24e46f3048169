"""The branch of another store that has forgotten something: taken in as it is, not as an epoch.

An epoch is of one store: who takes it over gives up the history before it. Another store's must not
do that to ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.git.commits import ROOT_COMMIT, ROOT_OBJECTS
from mlgit.git.edits import apply_edits
from mlgit.git.oid import COMMIT
from mlgit.records import layout
from mlgit.store.lineage import common, epoch_at

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.store import Store


def without_epoch(store: Store, theirs: Oid) -> Oid:
    """A commit to merge in the place of `theirs`, the same one each time; mostly that itself.

    Raises:
        NotFound, Damaged: A commit or its `epoch.yaml` cannot be read.
        Unsupported: That is of a newer format.
        StorageFailed: The disk refused.
    """
    objects, ours = store.repository.objects, store.branch.tip()
    if epoch_at(objects, theirs) is None or ours is None:
        return theirs
    if common(objects, _all_of(store, ours), _all_of(store, theirs)) is not None:
        return theirs
    commit = objects.commit(theirs)
    tree, made = apply_edits(objects, commit.tree, {layout.EPOCH: None})
    who = b"mlgit <mlgit@localhost> %d +0000" % commit.commit_time
    data = b"tree %s\nparent %s\nauthor %s\ncommitter %s\n\nwithout its epoch\n" % (
        *(tree, ROOT_COMMIT),
        *(who, who),
    )
    return objects.write([*ROOT_OBJECTS, *made, (COMMIT, data)])[-1]


def _all_of(store: Store, tip: Oid) -> list[Oid]:
    """A tip, and the commits whose history its epochs gave up."""
    epoch = epoch_at(store.repository.objects, tip)
    return [tip, *(oid.encode() for oid in sorted(epoch.before))] if epoch else [tip]
