"""Who changed a file of the registry, when, and from what to what: `git log` of one path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off
from mlgit.git.tree import lookup

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid


class Step(NamedTuple):
    """One landing that changed a file.

    Attributes:
        path: The file.
        commit: The commit on the branch.
        at: When it was made, milliseconds UTC.
        author: Whose name it has: what git was told, which nobody has proved.
        subject: The first line of its message.
        before: The file before; None where there was none.
        after: The file since; None where it was taken away.
    """

    path: str
    commit: str
    at: int
    author: str
    subject: str
    before: bytes | None
    after: bytes | None


def steps(objects: Objects, tip: Oid, paths: Sequence[str]) -> Iterator[Step]:
    """What changed some files, newest first, along first parents: what landed, not how.

    Squashed, rebased and merged promotions look alike here. Where the history was cut off (a
    shallow clone), it ends there.
    """
    cut, commit = cut_off(objects), tip
    while commit != ROOT_COMMIT:
        try:
            info = objects.commit(commit)
            parent = ROOT_COMMIT if commit in cut or not info.parents else info.parents[0]
            before = None if parent == ROOT_COMMIT else objects.commit(parent).tree
            changed = _changed(objects, before, info.tree, paths)
        except (NotFound, Damaged):
            return
        for path in changed:
            yield Step(
                path,
                commit.decode("ascii"),
                info.author_time * 1000,
                info.author.partition(" <")[0],
                info.message.partition("\n")[0],
                _bytes(objects, before, path),
                _bytes(objects, info.tree, path),
            )
        commit = parent


def _changed(objects: Objects, before: Oid | None, after: Oid, paths: Sequence[str]) -> list[str]:
    """The paths that differ; most commits change none, which the top of the tree shows."""
    tops = {path.partition("/")[0] for path in paths}
    moved = {top for top in tops if _differs(objects, before, after, top)}
    return [
        path
        for path in paths
        if path.partition("/")[0] in moved and _differs(objects, before, after, path)
    ]


def _differs(objects: Objects, before: Oid | None, after: Oid, path: str) -> bool:
    if before == after:
        return False
    return (lookup(objects, before, path) if before else None) != lookup(objects, after, path)


def _bytes(objects: Objects, tree: Oid | None, path: str) -> bytes | None:
    entry = lookup(objects, tree, path) if tree else None
    return objects.blob(entry.oid) if entry else None
