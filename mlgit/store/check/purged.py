"""Purged runs: nothing is left beside the stub, and nothing that is in use came from one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.oid import BLOB, object_id
from mlgit.git.tree import TREE_MODE
from mlgit.records import layout, text

if TYPE_CHECKING:
    from mlgit.git.tree import Entry
    from mlgit.store.problem import Report
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.survey import Survey

_MODELS = "registry/models"
_EMPTY = object_id(BLOB, b"")
_LEFT = "is left over in a run that was purged"


def check_left_over(
    folder: str, names: Mapping[str, Entry], survey: Survey, report: Report
) -> None:
    """Report what a purged run still holds; `names` are the entries of its folder."""
    for name, entry in names.items():
        path = f"{folder}/{name}"
        below = [(path, entry.oid)]
        if entry.mode == TREE_MODE:
            below = [(one.path, one.entry.oid) for one in survey.files(path, entry.oid, 10_000)]
        for file, oid in below:
            if oid != _EMPTY and file != f"{folder}/{layout.RUN}":
                hint = f"bring the run back or purge it again: git log mlgit -- {folder}"
                report.add(file, "purge-left", _LEFT, "warning", hint=hint)


def check_sources(snapshot: Snapshot, report: Report, only: Set[str] | None = None) -> None:
    """Report registered versions whose run is deleted or purged.

    Merging has no rules across files: one clone may delete a run while another registers it.
    With `only`, versions and runs that have a path in it.
    """
    for path, run_id in _registered(snapshot):
        folder = snapshot.folder_of(run_id)
        if folder is None or not _is_wanted((path, f"{folder}/{layout.RUN}"), only):
            continue
        state = _state(snapshot, folder)
        if state:
            what = f"run: {run_id} is {state}, and a version came from it"
            report.add(path, "run-deleted", what, "warning", hint=f"mlgit restore {run_id}")


def _registered(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The file of every version in use, and the id of the run that it came from."""
    for model in _names(snapshot, _MODELS):
        folder = f"{_MODELS}/{model}/versions"
        for name in _names(snapshot, folder):
            path = f"{folder}/{name}"
            try:
                data = snapshot.read(path) if layout.parse_path(path) else None
                doc = text.load(data) if data else {}
            except Damaged:  # said of the file itself
                continue
            if doc.get("run") and doc.get("status") != "DELETED":
                yield path, str(doc["run"])


def _names(snapshot: Snapshot, folder: str) -> list[str]:
    try:
        return snapshot.names(folder)
    except Damaged:
        return []


def _is_wanted(paths: tuple[str, str], only: Set[str] | None) -> bool:
    return only is None or any(path in only for path in paths)


def _state(snapshot: Snapshot, folder: str) -> str:
    try:
        return "deleted" if snapshot.run(folder).lifecycle == "deleted" else ""
    except NotFound:
        return "purged"
    except Damaged:
        return ""
