"""What a push may not change on the data branch, besides the rules of `mlgit.store.check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from mlgit.errors import Damaged, NotFound
from mlgit.git.tree import FILE_MODE, lookup
from mlgit.records import layout, text
from mlgit.records.artifact import load_manifest
from mlgit.store.check.check import check
from mlgit.store.check.file import Files
from mlgit.store.problem import Problem, Report

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.tree import TreeChange
    from mlgit.records.layout import Located
    from mlgit.store.snapshot import Snapshot

T = TypeVar("T")
_ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})
_KEPT = {
    "experiment": "experiments are deleted by a mark",
    "model": "models are deleted by a mark",
    "settings": "the settings of the team stay",
    "attributes": "git would merge records by line without it",
    "epoch": "what was forgotten would come back",
}


def broken(
    snapshot: Snapshot, old: Oid | None, spared: frozenset[str], *, guards: bool
) -> Iterator[str]:
    """Rules that the branch at `snapshot` breaks, after it was at `old`; a sentence each.

    Paths in `spared`, and those below them, have been forgotten: there is nothing to keep. With
    `guards` it is the branch on which aliases are decided.
    """
    for problem in check(snapshot, deep=True, since=old):
        # In a new epoch, and where it was decided elsewhere, an alias has no past to look up.
        known = problem.code == "previous-differs" and (bool(spared) or not guards)
        if problem.severity == "error" and not known and not _is_in(problem.path, spared):
            yield _said(problem)
    for change in snapshot.changes_since(old) if old else ():
        located = layout.parse_path(change.path)
        if located and change.old and not _is_in(change.path, spared):
            yield from _taken_back(snapshot, old or b"", change, located)


def malformed(snapshot: Snapshot, old: Oid | None) -> Iterator[str]:
    """Changed files of a branch without runs that are not what the format says of their kind."""
    report = Report()
    files = Files(snapshot.objects, report)
    for change in snapshot.changes_since(old):
        located = layout.parse_path(change.path)
        if located and change.new:
            files.check(change.path, change.new.oid, located.kind)
    for problem in report.problems():
        if problem.severity == "error":
            yield _said(problem)


def _said(problem: Problem) -> str:
    where = f":{problem.line}" if problem.line else ""
    return f"{problem.path}{where} {problem.message}"


def _is_in(path: str, folders: frozenset[str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:count]) in folders for count in range(1, len(parts) + 1))


def _taken_back(
    snapshot: Snapshot, old: Oid, change: TreeChange, located: Located
) -> Iterator[str]:
    if change.new is None and located.kind in _KEPT:
        yield f"{change.path} was removed: {_KEPT[located.kind]}"
    elif located.kind == "artifacts":
        lost = _lost(snapshot, old, change, located.folder)
        if lost:
            yield f"{change.path} is sealed, and has lost or changed {lost[0]!r}"


def _lost(snapshot: Snapshot, old: Oid, change: TreeChange, folder: str) -> list[str]:
    """Artifacts that an ended run or a logged model had, and has not or not so any more."""
    objects = snapshot.objects
    before = _doc(objects, objects.commit(old).tree, f"{folder}/{layout.RUN}", text.load)
    after = _doc(objects, snapshot.tree, f"{folder}/{layout.RUN}", text.load)
    if (before and before.get("status") not in _ENDED) or (after and "purged" in after):
        return []
    had = _doc(objects, objects.commit(old).tree, change.path, load_manifest) or ()
    has = {
        (one.path, one.sha256)
        for one in _doc(objects, snapshot.tree, change.path, load_manifest) or ()
    }
    return [one.path for one in had if (one.path, one.sha256) not in has]


def _doc(objects: Objects, tree: Oid, path: str, load: Callable[[bytes], T]) -> T | None:
    """What a file says; None where there is none, or none that can be read."""
    try:
        entry = lookup(objects, tree, path)
        return load(objects.blob(entry.oid)) if entry and entry.mode == FILE_MODE else None
    except (NotFound, Damaged):  # said of the file itself
        return None
