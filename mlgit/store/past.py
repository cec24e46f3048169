"""A purged run as the history of the branch still has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import NotFound, Unsupported
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off
from mlgit.git.tree import lookup, walk
from mlgit.records import layout
from mlgit.records.run import load_purged

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.records.run import Purged
    from mlgit.store.snapshot import Snapshot

_SHORTEST_PREFIX = 4
_MOST = 100_000  # commits looked at: a tenth of a millisecond each


def stub_of(snapshot: Snapshot, folder: str) -> Purged | None:
    """What is left of the run in that folder; None where it was not purged.

    Raises:
        Damaged: Its record cannot be read.
    """
    data = snapshot.read(f"{folder}/{layout.RUN}")
    return load_purged(data) if data else None


def refuse_purged(snapshot: Snapshot, reference: str) -> None:
    """Say so where `reference` is the id, or the beginning of one, of a run that was purged.

    Raises:
        NotFound: It is; the message says when and by whom, the hint how to get it back.
    """
    whole = snapshot.folder_of(reference)
    begun = [] if whole or not _is_prefix(reference) else snapshot.find_run(reference)
    for folder in [whole] if whole else begun:
        if layout.RUN in snapshot.names(folder) and stub_of(snapshot, folder) is not None:
            snapshot.run(folder)


def purged_folder(snapshot: Snapshot, whole_id: str) -> str:
    """The folder of the purged run of that id; empty where there is none."""
    folder = snapshot.folder_of(whole_id) or ""
    stub = stub_of(snapshot, folder) if folder else None
    return folder if stub is not None and stub.id == whole_id else ""


def _is_prefix(reference: str) -> bool:
    """Whether this may be the beginning of an id: most names are not, and it takes a walk."""
    return len(reference) >= _SHORTEST_PREFIX and not set(reference) - set("0123456789abcdef")


def before_purge(snapshot: Snapshot, folder: str) -> dict[str, bytes]:
    """The files of a purged run as they were before, by name below its folder.

    Raises:
        NotFound: The history does not reach so far back.
        Unsupported: Here it does not, because this is a shallow clone.
        Damaged: An object of it cannot be read.
    """
    tree = _tree(snapshot.objects, _living(snapshot, folder))
    files = walk(snapshot.objects, tree, folder)
    return {path[len(folder) + 1 :]: snapshot.blob(entry.oid) for path, entry in files}


def _living(snapshot: Snapshot, folder: str) -> Oid:
    """The last commit that has the run whole: found from child to parent while the stub lasts."""
    objects, path = snapshot.objects, f"{folder}/{layout.RUN}"
    stub, cut = lookup(objects, snapshot.tree, path), cut_off(objects)
    commit = snapshot.commit
    for _ in range(_MOST):
        if commit in cut:
            raise Unsupported(
                "this is a shallow clone: the time before the purge is not here",
                "git fetch --unshallow",
            )
        parents = objects.commit(commit).parents
        found = {one: lookup(objects, _tree(objects, one), path) for one in parents}
        purged = [one for one, entry in found.items() if entry == stub]
        living = [one for one, entry in found.items() if entry not in (stub, None)]
        if not purged and living:
            return living[0]
        if not purged:
            break
        commit = purged[0]
    raise NotFound(
        "the history of this branch does not reach back to before the run was purged",
        "fetch it from a clone that has it: git fetch ../other mlgit",
    )


def _tree(objects: Objects, commit: Oid) -> Oid | None:
    return None if commit == ROOT_COMMIT else objects.commit(commit).tree
