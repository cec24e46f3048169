"""What in this repository still reaches a history that was given up, so that git keeps it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import MlgitError
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off
from mlgit.git.oid import COMMIT, TAG, Oid
from mlgit.git.reflog_removal import logged_in
from mlgit.sharing.cleaning import given_up
from mlgit.store.lineage import ancestors

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.repository import Repository
    from mlgit.store.store import Store


def holders(store: Store) -> list[str]:
    """Refs and reflogs by which a commit can be reached that this clone gave up.

    Every commit of the repository is looked at once; none where nothing was given up.
    """
    objects, tip = store.repository.objects, store.branch.readable()
    old = set(ancestors(objects, given_up(store)))
    if not old or tip is None:
        return []
    old -= {ROOT_COMMIT, *ancestors(objects, [tip[0]])}
    seen: set[Oid] = set()
    refs = store.repository.refs
    found = []
    for name in refs.names("refs/"):
        with suppress(MlgitError):  # symbolic, as refs/remotes/origin/HEAD, or damaged
            if _reaches(objects, _peeled(objects, refs.read(name)), old, seen):
                found.append(name)
    logs = (f"the reflog of {name}" for name in _logs(store.repository, old))
    return [*found, *logs]


def _peeled(objects: Objects, oid: Oid | None) -> Oid | None:
    """The commit that a ref means, through annotated tags."""
    kind, data = objects.read(oid) if oid else (0, b"")
    while kind == TAG:
        oid = data.partition(b"\n")[0].removeprefix(b"object ")
        kind, data = objects.read(oid)
    return oid if kind == COMMIT else None


def _reaches(objects: Objects, tip: Oid | None, old: set[Oid], seen: set[Oid]) -> bool:
    """Whether a commit came from one of the old; `seen` are those that surely did not."""
    cut, walked = cut_off(objects), set[Oid]()
    waiting = [tip] if tip else []
    while waiting:
        oid = waiting.pop()
        if oid in old:
            return True
        if oid not in seen and oid not in walked:
            walked.add(oid)
            waiting += _parents(objects, oid) if oid not in cut else ()
    seen |= walked
    return False


def _parents(objects: Objects, oid: Oid) -> Iterable[Oid]:
    try:
        return objects.commit(oid).parents
    except MlgitError:
        return ()


def _logs(repository: Repository, old: set[Oid]) -> Iterator[str]:
    """The reflogs, also of other work trees, that name an old commit."""
    for root in (repository.common_dir / "logs", repository.common_dir / "worktrees"):
        for where, _, names in os.walk(root):
            for name in names:
                path = Path(where, name)
                if "logs" in path.parts and not logged_in(path).isdisjoint(old):
                    yield os.path.relpath(path, repository.common_dir).replace("logs/", "", 1)
