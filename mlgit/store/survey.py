"""A walk over a branch that anybody may have written: every name, mode and folder is looked at.

Bounded by the size of the stored trees: a tree that stands in two places, which no honest store
has above its runs, is entered once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.git.tree import TREE_MODE, Entry, is_sorted
from mlgit.records import layout
from mlgit.store.entries import Refusal, refusal

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.problem import Report, Severity

_DEEPEST = 64
_HINT = "never check this branch out; ask who pushed it: git log mlgit"

#: Folders that a store has, and for some what must be a path of it for their name to be one.
_FOLDERS = [
    (re.compile(pattern), probe)
    for pattern, probe in [
        (r"runs|registry|registry/models|deployments|approvals", ""),
        (r"runs/[^/]+", "/experiment.yaml"),
        (r"runs/[^/]+/[0-9]{4}-[01][0-9]-[0-3][0-9](/[0-9a-f])?", ""),
        (r"registry/models/[^/]+", "/model.yaml"),
        (r"registry/models/[^/]+/(versions|aliases|stages)", ""),
        (r"(deployments|approvals)/[^/]+", "/x.yaml"),
    ]
]


class Found(NamedTuple):
    """A file of the store, or the folder of a run or logged model."""

    path: str
    entry: Entry


class Survey:
    """One walk; what is wrong with names, modes and folders goes to `report`.

    With `only`, folders outside that set of paths are not entered and files outside it are not
    yielded.
    """

    def __init__(
        self, objects: Objects, report: Report, only: AbstractSet[str] | None = None
    ) -> None:
        self._objects, self._report, self._only = objects, report, only
        self._seen: set[Oid] = set()

    def walk(self, root: Oid) -> Iterator[Found]:
        """Files outside of runs, and folders of runs, in tree order."""
        stack = [iter(self.entries("", root))]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
            elif found.entry.mode != TREE_MODE:
                if self._wanted(found.path):
                    yield found
            elif _is_run_folder(found.path):
                if self._wanted(found.path) and self._is_first(found):
                    yield found
            elif self._enters(found):
                stack.append(iter(self.entries(found.path, found.entry.oid)))

    def files(self, folder: str, oid: Oid, most: int) -> Iterator[Found]:
        """Every file below a run's folder, up to `most` names looked at."""
        stack = [iter(self.entries(folder, oid))]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
                continue
            most -= 1
            if most < 0 or len(stack) > _DEEPEST:
                self._report.add(folder, "too-many", "has far more files or folders than it names")
                return
            if found.entry.mode == TREE_MODE:
                stack.append(iter(self.entries(found.path, found.entry.oid)))
            else:
                yield found

    def entries(self, folder: str, oid: Oid) -> list[Found]:
        """What is in one folder and may be used; the rest is reported."""
        try:
            listed = self._objects.tree_entries(oid)
        except (NotFound, Damaged) as error:
            text = f"the folder cannot be read: {error.message}"
            self._report.add(folder, "unreadable", text, hint=error.hint)
            return []
        usable: dict[str, Found] = {}
        for name, mode, child in listed:
            text = name.decode("utf-8", "surrogateescape")
            path = f"{folder}/{text}" if folder else text
            refused = refusal(name, mode) or _clash(text, usable)
            if refused:
                self._report.add(path, refused.code, refused.reason, hint=_HINT)
            else:
                usable[_folded(text)] = Found(path, Entry(mode, child))
        if not is_sorted(listed):
            text = "the folder is not in git's order; git does not find all that is in it"
            self._report.add(folder, "unsorted", text, hint=_HINT)
        return list(usable.values())

    def _wanted(self, path: str) -> bool:
        return self._only is None or path in self._only

    def _enters(self, found: Found) -> bool:
        path = found.path
        if not self._wanted(path):
            return False
        if not _is_known_folder(path):
            severity: Severity = "error" if path.startswith("runs/") else "note"
            text = "no folder that mlgit makes; not looked into"
            self._report.add(path, "unknown-folder", text, severity)
            return False
        return self._is_first(found)

    def _is_first(self, found: Found) -> bool:
        """Whether this tree was not seen before: below `runs/` each is a different one."""
        if found.entry.oid in self._seen:
            if found.path.startswith("runs/"):
                text = "is a copy of another folder; not looked into"
                self._report.add(found.path, "copy", text)
            return False
        self._seen.add(found.entry.oid)
        return True


def _is_known_folder(path: str) -> bool:
    return any(
        pattern.fullmatch(path) and (not probe or layout.parse_path(path + probe))
        for pattern, probe in _FOLDERS
    )


def _is_run_folder(path: str) -> bool:
    found = [layout.parse_path(f"{path}/{name}") for name in (layout.RUN, layout.LOGGED_MODEL)]
    return any(located.folder == path for located in found if located)


def _clash(text: str, usable: dict[str, Found]) -> Refusal | None:
    other = usable.get(_folded(text))
    if other is None:
        return None
    if other.path.rpartition("/")[2] == text:
        return Refusal("name-clash", "stands twice in its folder")
    return Refusal("name-clash", f"is one file with {other.path} where case does not count")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
