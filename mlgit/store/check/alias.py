"""Whether an alias says truly what it pointed to before: a race of two promotions shows there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off, merge_bases
from mlgit.git.tree import FILE_MODE, Entry, lookup
from mlgit.records import layout, text

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.problem import Report
    from mlgit.store.snapshot import Snapshot

_MODELS = "registry/models"
Doc = Mapping[str, Any]


class _Step(NamedTuple):
    """Where a branch was before a commit: the tree, its commit, and what else was merged."""

    tree: Oid
    first: Oid
    others: tuple[Oid, ...]


def check_aliases(snapshot: Snapshot, report: Report, since: Oid | None = None) -> None:
    """Report aliases whose `previous` is not what the branch had before, by its first parents.

    With `since`, the branch is followed back to there only, and so is what changed before it.
    Where there was none, as after an epoch began, nothing was overwritten.
    """
    objects, waiting = snapshot.objects, dict(_aliases(snapshot))
    for step in _earlier(snapshot, since) if waiting else ():
        for path, entry in list(waiting.items()):
            before = _at(objects, step.tree, path)
            if before != entry:
                del waiting[path]
                if before and not _came_whole(objects, step, path, entry, before):
                    _compare(objects, path, entry, before, report)
        if not waiting:
            return


def _came_whole(objects: Objects, step: _Step, path: str, entry: Entry, before: Entry) -> bool:
    """Whether a merge took over what its other side made of a file that this one left alone.

    `previous` says what that side had before its last step of several.
    """
    for other in step.others:
        with suppress(NotFound, Damaged):
            if _at(objects, objects.commit(other).tree, path) == entry:
                bases = merge_bases(objects, step.first, other)
                trees = [objects.commit(one).tree for one in bases]
                return {_at(objects, tree, path) for tree in trees} == {before}
    return False


def _compare(objects: Objects, path: str, entry: Entry, before: Entry, report: Report) -> None:
    doc, old = _doc(objects, entry), _doc(objects, before)
    if doc is None or old is None or "sides" in doc:  # said of the file itself
        return
    says = doc.get("previous")
    had = [old, old.get("base"), *(old["sides"] if isinstance(old.get("sides"), list) else ())]
    allowed = [one.get("version") for one in had if isinstance(one, dict)]
    if says in allowed or (doc.get("version") in allowed and says == old.get("previous")):
        return
    what = f"previous: says {says}, but the alias was at {old.get('version', 'no version')}"
    report.add(path, "previous-differs", what, hint=f"git log --first-parent -p mlgit -- {path}")


def _earlier(snapshot: Snapshot, since: Oid | None) -> Iterator[_Step]:
    """The steps by first parents, newest first, before which the registry was another one."""
    objects, cut = snapshot.objects, cut_off(snapshot.objects)
    commit, seen = snapshot.commit, _registry(objects, snapshot.tree)
    while commit != since and commit not in cut:
        try:
            parents = objects.commit(commit).parents
            if parents in ((), (ROOT_COMMIT,)):
                return
            tree = objects.commit(parents[0]).tree
            now = _registry(objects, tree)
        except (NotFound, Damaged):  # the history has an end here
            return
        if now != seen:
            seen = now
            yield _Step(tree, parents[0], parents[1:])
        commit = parents[0]


def _registry(objects: Objects, tree: Oid) -> Entry | None:
    return lookup(objects, tree, _MODELS) if tree else None


def _at(objects: Objects, tree: Oid, path: str) -> Entry | None:
    try:
        return lookup(objects, tree, path) if tree else None
    except (NotFound, Damaged):
        return None


def _aliases(snapshot: Snapshot) -> Iterator[tuple[str, Entry]]:
    try:
        for model in snapshot.names(_MODELS):
            for name in snapshot.names(f"{_MODELS}/{model}/aliases"):
                path = f"{_MODELS}/{model}/aliases/{name}"
                entry = lookup(snapshot.objects, snapshot.tree, path)
                if entry and entry.mode == FILE_MODE and layout.parse_path(path):
                    yield path, entry
    except (NotFound, Damaged):
        return


def _doc(objects: Objects, entry: Entry) -> Doc | None:
    try:
        return text.load(objects.blob(entry.oid))
    except (NotFound, Damaged):
        return None
