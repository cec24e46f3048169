"""What happened to the registry between two commits: states compared, whoever landed them how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mlgit.errors import NotFound, Unsupported
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off, is_ancestor
from mlgit.git.tree import FILE_MODE, TREE_MODE, Entry, TreeChange, diff, lookup
from mlgit.records import layout
from mlgit.records.registered_model import load_registered_model
from mlgit.registry.event import TELLING, Event, Pair, event_of, read

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_REGISTRY = "registry"


def events(objects: Objects, since: Oid | None, tip: Oid, data: Oid | None = None) -> list[Event]:
    """What the commits after `since` up to `tip` did, oldest first, along first parents.

    A merge is one step, unless `since` lies on its other side: then that side is followed. A file
    that cannot be read is passed over, and counts as absent once it can be read again.

    Args:
        objects: Where commits are read.
        since: What is known already; None for everything.
        tip: The newest commit of the branch.
        data: The commit that has the names of models, where that is of another branch.

    Raises:
        NotFound: `since` is not a past of `tip`.
        Unsupported: This clone is shallow and does not reach back so far.
    """
    found = [
        one._replace(commit=after.decode())
        for before, after in _steps(objects, since, tip)
        for one in _step(objects, before, after)
    ]
    folders = {one.model for one in found}
    names = {folder: _name(objects, data or tip, folder) for folder in folders}
    return [one._replace(model=names[one.model]) for one in found]


def _steps(objects: Objects, since: Oid | None, tip: Oid) -> list[tuple[Oid | None, Oid]]:
    """Each commit with the one before it, oldest first."""
    if since is not None and not is_ancestor(objects, since, tip):
        raise NotFound(
            f"{since.decode()[:12]} is not a past of {tip.decode()[:12]}",
            "mlgit events    tells everything",
        )
    cut, commit = cut_off(objects), tip
    steps: list[tuple[Oid | None, Oid]] = []
    while commit not in (since, ROOT_COMMIT):
        if commit in cut:
            raise Unsupported(
                "this clone is shallow: its past is not here", "git fetch --unshallow"
            )
        before = _towards(objects, objects.commit(commit).parents, since)
        steps.append((before, commit))
        if before is None:
            break
        commit = before
    return steps[::-1]


def _towards(objects: Objects, parents: Sequence[Oid], since: Oid | None) -> Oid | None:
    """The first parent, or the first one that came from `since`."""
    if since is None or len(parents) < 2:
        return parents[0] if parents else None
    return next(one for one in parents if is_ancestor(objects, since, one))


def _step(objects: Objects, before: Oid | None, after: Oid) -> Iterator[Event]:
    """What differs between two commits."""
    changes = diff(objects, _registry(objects, before), _registry(objects, after))
    pairs = [pair for change in changes if (pair := _pair(objects, change)) is not None]
    pairs.sort(key=lambda pair: TELLING.index(pair.located.kind))
    uids = [pair.uids() for pair in pairs if pair.located.kind == "version"]
    renumbered = {old for old, _ in uids} & {new for old, new in uids if old != new}
    for pair in pairs:
        event = event_of(pair)
        if event is not None and not (pair.located.kind == "version" and event.uid in renumbered):
            yield event._replace(model=pair.located.model)


def _registry(objects: Objects, commit: Oid | None) -> Oid | None:
    if commit is None or commit == ROOT_COMMIT:
        return None
    entry = lookup(objects, objects.commit(commit).tree, _REGISTRY)
    return entry.oid if entry is not None and entry.mode == TREE_MODE else None


def _pair(objects: Objects, change: TreeChange) -> Pair | None:
    located = layout.parse_path(f"{_REGISTRY}/{change.path}")
    if located is None or located.kind not in TELLING:
        return None
    return Pair(located, _blob(objects, change.old), _blob(objects, change.new))


def _blob(objects: Objects, entry: Entry | None) -> bytes | None:
    return objects.blob(entry.oid) if entry is not None and entry.mode == FILE_MODE else None


def _name(objects: Objects, commit: Oid, folder: str) -> str:
    """What the model of a folder is called; the folder where nothing says."""
    path = layout.model_path(folder)
    entry = lookup(objects, objects.commit(commit).tree, path) if folder else None
    model = read(_blob(objects, entry), partial(load_registered_model, folder=folder))
    return model.name if model else folder
