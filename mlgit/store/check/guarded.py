"""The branch that guards the registry: that it holds what decides, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.tree import TREE_MODE, walk
from mlgit.records import layout
from mlgit.store.check.alias import check_aliases
from mlgit.store.check.file import Files
from mlgit.store.check.history import check_history
from mlgit.store.check.registry import check_pointers
from mlgit.store.problem import Report
from mlgit.store.survey import Survey

if TYPE_CHECKING:
    from mlgit.store.problem import Problem
    from mlgit.store.snapshot import Snapshot

_KEPT = layout.GUARDED | {"attributes", "readme"}


def check_guarded(guarded: Snapshot, data: Snapshot, *, deep: bool = False) -> list[Problem]:
    """What is wrong with a guarded branch of its own, and with what the data branch has of it.

    Paths of the guarded branch begin with its name and a colon, as git names a file of a branch.

    Args:
        guarded: That branch; its `ref` is the name that is said.
        data: The branch of runs, models and versions.
        deep: Also look through the history.
    """
    report = Report()
    _check_files(guarded, report)
    check_pointers(guarded, data, report)
    if deep:
        check_aliases(guarded, report)
        check_history(guarded, report)
    found = [one for one in report.problems() if one.path.split("/")[0] not in layout.OF_FORGES]
    there = [one._replace(path=f"{guarded.ref}:{one.path}".rstrip(":")) for one in found]
    return [*_left_behind(data, guarded.ref), *there]


def _check_files(guarded: Snapshot, report: Report) -> None:
    files = Files(guarded.objects, report)
    for path, entry in Survey(guarded.objects, report).walk(guarded.tree):
        located = layout.parse_path(path)
        if located and located.kind in _KEPT:
            files.check(path, entry.oid, located.kind)
        elif located or entry.mode == TREE_MODE:
            report.add(path, "wrong-branch", "does not belong to the branch that decides")
        else:
            report.add(path, "unknown-file", "no file that mlgit knows; kept as it is", "note")


def _left_behind(data: Snapshot, guarded: str) -> list[Problem]:
    """What decides and stands on the data branch, where it decides nothing."""
    report = Report()
    for path in _files(data):
        located = layout.parse_path(path)
        if located and located.kind in layout.GUARDED:
            what = f"decides nothing here: that is done on the branch {guarded}"
            report.add(path, "wrong-branch", what, hint=f"git log mlgit -- {path}")
    return report.problems()


def _files(data: Snapshot) -> Iterator[str]:
    """The files in all places where some decide."""
    yield from {layout.TRUST} & set(data.names(""))
    for folder in ("registry", "approvals"):
        with suppress(NotFound, Damaged):  # said of the folder itself
            yield from (path for path, _ in walk(data.objects, data.tree, folder))
