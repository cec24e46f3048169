"""Pointers on a git host to what its LFS store keeps, which may remove what none in git names.

GitLab does that in its housekeeping and Gitea where `[cron.gc_lfs]` is on. Each clone has a ref of
its own there, so nobody has to merge: a commit without parents, with a pointer for each object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit import times
from mlgit.artifacts.pointer import pointer_of
from mlgit.errors import RemoteFailed
from mlgit.git.commits import virtual_commit
from mlgit.git.edits import apply_edits
from mlgit.git.oid import COMMIT, object_id
from mlgit.git.transport.protocol import Pushed, Update
from mlgit.git.tree import walk
from mlgit.holdings.memory import verified
from mlgit.holdings.named import named_by

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Transport
    from mlgit.store.store import Store

POINTERS = "refs/mlgit/pointers/"


def anchor(store: Store, transport: Transport, url: str) -> None:
    """Have a git remote name all that this clone has seen in its LFS store, which is at `url`.

    What the store names no more is not named there either.

    Raises:
        RemoteFailed: It does not answer, or takes no such ref.
        Damaged, NotFound: What the store names cannot be read.
        StorageFailed: The disk here refused.
    """
    objects, memory = store.repository.objects, _memory(transport)
    before = store.repository.refs.read(memory)
    root = objects.commit(before).tree if before else None
    had = {path.rpartition("/")[2] for path, _ in walk(objects, root)}
    named = {one.sha256: one.size for one in named_by(store).values() if one.size}
    wanted = (had | verified(store, url)) & named.keys()
    if wanted == had:
        return
    edits = {_path(one): pointer_of(one, named[one]) for one in wanted - had}
    tree, new = apply_edits(objects, root, {**edits, **{_path(one): None for one in had - wanted}})
    data = virtual_commit(tree, (), times.now_ms() // 1000)
    pack = objects.write_guarded([*new, (COMMIT, data)])
    try:
        _push(store, transport, object_id(COMMIT, data), before)
    finally:
        pack.release()


def _push(store: Store, transport: Transport, commit: Oid, before: Oid | None) -> None:
    ref = f"{POINTERS}{store.writer}"
    other = f"{ref}-{commit[:12].decode('ascii')}"  # where the host has what we do not remember
    for name, there in dict.fromkeys(((ref, before), (ref, None), (other, None))):
        if transport.push([Update(name, commit, there, force=True)])[name] is not Pushed.RACED:
            memory = _memory(transport)
            store.repository.refs.compare_and_swap(memory, before, commit, "pointers pushed")
            return
    raise RemoteFailed(f"{transport.remote} has moved {ref} meanwhile", "run it again", ref=ref)


def _memory(transport: Transport) -> str:
    return f"{POINTERS}{transport.remote}"


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
