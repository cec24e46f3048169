"""Whether every object of the branch's past can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.git.history import commits_since, cut_off
from mlgit.git.tree import diff

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.problem import Report
    from mlgit.store.snapshot import Snapshot

_SUBMODULE = 0o160000  # names a commit of another repository, never an object of this one
_HINT = "git fsck --full; `mlgit doctor --fix` fetches what a remote still has"


def check_history(snapshot: Snapshot, report: Report, since: Oid | None = None) -> None:
    """Read every commit, and what each changed; report what cannot be read, at its path.

    With `since`, only what has come after that commit.
    """
    objects = snapshot.objects
    new = None if since is None else commits_since(objects, snapshot.commit, since)
    waiting, seen, cut = [snapshot.commit], {snapshot.commit}, cut_off(objects)
    while waiting:
        commit = waiting.pop()
        parents = [] if commit in cut else _parents(objects, commit, report)
        _read_changes(objects, commit, parents[0] if parents else None, report)
        wanted = {one for one in parents if one not in seen and (new is None or one in new)}
        waiting += wanted
        seen |= wanted


def _parents(objects: Objects, commit: Oid, report: Report) -> list[Oid]:
    try:
        return list(objects.commit(commit).parents)
    except (NotFound, Damaged) as error:
        _say(report, "", commit, error)
        return []


def _read_changes(objects: Objects, commit: Oid, parent: Oid | None, report: Report) -> None:
    path = ""
    try:
        old = objects.commit(parent).tree if parent else None
        for change in diff(objects, old, objects.commit(commit).tree):
            path = change.path
            if change.new is not None and change.new.mode != _SUBMODULE:
                objects.blob(change.new.oid)
    except (NotFound, Damaged) as error:
        _say(report, path, commit, error)


def _say(report: Report, path: str, commit: Oid, error: MlgitError) -> None:
    what = f"in commit {commit.decode()[:12]}: {error.message}"
    report.add(path, "unreadable", what, hint=_HINT)
