"""Whether an alias says truly what it pointed to before: a race of two promotions shows there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlgit.errors import Damaged, NotFound
from mlgit.git.history import cut_off
from mlgit.git.tree import FILE_MODE, Entry, lookup
from mlgit.records import layout, text

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.problem import Report
    from mlgit.store.snapshot import Snapshot

_MODELS = "registry/models"
Doc = Mapping[str, Any]


def check_aliases(snapshot: Snapshot, report: Report, since: Oid | None = None) -> None:
    """Report aliases whose `previous` is not what the branch had before, by its first parents.

    With `since`, the branch is followed back to there only, and so is what changed before it.
    """
    waiting = dict(_aliases(snapshot))
    for tree in _earlier(snapshot, since) if waiting else ():
        for path, entry in list(waiting.items()):
            before = _at(snapshot.objects, tree, path)
            if before != entry:
                del waiting[path]
                _compare(snapshot.objects, path, entry, before, report)
        if not waiting:
            return


def _compare(
    objects: Objects, path: str, entry: Entry, before: Entry | None, report: Report
) -> None:
    doc, old = _doc(objects, entry), _doc(objects, before) if before else {}
    if doc is None or old is None or "sides" in doc:  # said of the file itself
        return
    says = doc.get("previous")
    had = [old, old.get("base"), *(old["sides"] if isinstance(old.get("sides"), list) else ())]
    allowed = [one.get("version") for one in had if isinstance(one, dict)]
    if says in allowed or (doc.get("version") in allowed and says == old.get("previous")):
        return
    what = f"previous: says {says}, but the alias was at {old.get('version', 'no version')}"
    report.add(path, "previous-differs", what, hint=f"git log --first-parent -p mlgit -- {path}")


def _earlier(snapshot: Snapshot, since: Oid | None) -> Iterator[Oid]:
    """The trees of the first parents, newest first, where the registry is another one."""
    objects, cut = snapshot.objects, cut_off(snapshot.objects)
    commit, seen = snapshot.commit, _registry(objects, snapshot.tree)
    while commit != since and commit not in cut:
        try:
            parents = objects.commit(commit).parents
            commit = parents[0] if parents else b""
            tree = objects.commit(commit).tree if commit else b""
            now = _registry(objects, tree)
        except (NotFound, Damaged):  # the history has an end here
            return
        if now != seen:
            seen = now
            yield tree
        if not commit:
            return


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
