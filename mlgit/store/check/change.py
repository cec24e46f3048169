"""Rules of change: what a later commit may not take back, whatever its files look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlgit.errors import Damaged, NotFound
from mlgit.records import layout, text
from mlgit.records.metrics import decode_points

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.tree import TreeChange
    from mlgit.store.problem import Report
    from mlgit.store.snapshot import Snapshot

Doc = dict[str, Any]
_REVERT = "git revert the commit that did it: git log mlgit -- "
_NO_RECORDS = frozenset({"metrics", "inline", "environment", "patch", "attributes", "readme"})
_LANDED = ("uid", "source", "run", "logged_model", "manifest", "created")


def changed_paths(snapshot: Snapshot, since: Oid, report: Report) -> set[str] | None:
    """Changed paths and the folders above them; None where that cannot be told.

    What may not change that way goes to `report`.
    """
    wanted: set[str] = set()
    rules = _Rules(snapshot, report)
    try:
        for change in snapshot.changes_since(since):
            rules.judge(change)
            parts = change.path.split("/")
            wanted.update("/".join(parts[:count]) for count in range(1, len(parts) + 1))
    except (NotFound, Damaged) as error:
        what = f"cannot tell what changed, so all is looked at: {error.message}"
        report.add("", "no-base", what, "warning")
        return None
    return wanted


class _Rules:
    """What each kind of file allows between two commits."""

    def __init__(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot, self._report = snapshot, report

    def judge(self, change: TreeChange) -> None:
        """Report what this change may not do; new files may be anything."""
        located = layout.parse_path(change.path)
        if located is None or change.old is None:
            return
        if located.kind == "metrics":
            self._sealed(change, located.folder)
        elif change.new is None:
            self._removed(change.path, located.kind)
        elif located.kind not in _NO_RECORDS:
            self._rewritten(change.path, located.kind, self._doc(change.old.oid), change.new.oid)

    def _sealed(self, change: TreeChange, folder: str) -> None:
        if change.new is not None:
            lost = len(set(self._rows(change.old)) - set(self._rows(change.new)))
            what = "is sealed, and was changed"
            self._add(change.path, "seal-broken", f"{what}: {lost} points lost" if lost else what)
        elif not self._was_purged(folder):
            self._add(change.path, "seal-broken", "is sealed, and was removed")

    def _rows(self, entry: Any) -> list[object]:
        try:
            return list(decode_points(self._snapshot.blob(entry.oid)))
        except (NotFound, Damaged):  # said of the file itself
            return []

    def _was_purged(self, folder: str) -> bool:
        """Whether a stub says so; where the whole folder is gone, that is reported for the run."""
        try:
            data = self._snapshot.read(f"{folder}/{layout.RUN}")
            return data is None or "purged" in text.load(data)
        except (NotFound, Damaged):
            return False

    def _removed(self, path: str, kind: str) -> None:
        if kind in ("run", "logged-model"):
            what = "was removed; runs are deleted by a mark, or purged and leave a stub"
            self._add(path, "run-removed", what)
        elif kind == "version":
            self._add(path, "number-changed", "was removed; numbers are never used again")

    def _rewritten(self, path: str, kind: str, old: Doc | None, new_oid: Oid) -> None:
        new = self._doc(new_oid)
        if old is None or new is None:
            return
        if _whole(new.get("format"), 1) < _whole(old.get("format"), 1):
            self._add(path, "format-lowered", f"format {old['format']} became {new.get('format')}")
        rule = _BY_KIND.get(kind)
        for code, what in rule(old, new) if rule else ():
            self._add(path, code, what)

    def _doc(self, oid: Oid) -> Doc | None:
        try:
            return text.load(self._snapshot.blob(oid))
        except (NotFound, Damaged):  # said of the file itself
            return None

    def _add(self, path: str, code: str, what: str) -> None:
        self._report.add(path, code, what, hint=f"{_REVERT}{path}")


def _run(old: Doc, new: Doc) -> list[tuple[str, str]]:
    if "purged" in new:
        return []
    if "purged" in old:
        return [] if _was_restored(old, new) else [("purge-undone", "came back after its purge")]
    if old.get("id") != new.get("id"):
        return [("run-removed", f"run {old.get('id')} became another one")]
    before, after = old.get("params"), new.get("params")
    pairs = before.items() if isinstance(before, dict) else ()
    now = after if isinstance(after, dict) else {}
    changed = [key for key, value in pairs if not _kept(value, now.get(key))]
    return [("params-changed", f"params.{key}: never changes once recorded") for key in changed]


def _was_restored(stub: Doc, run: Doc) -> bool:
    """Whether somebody brought the run back, or worked on it, after the purge."""
    marks = run.get("edits")
    times = [_at(mark) for mark in marks.values()] if isinstance(marks, dict) else []
    return max([str(run.get("end", "")), *times]) > _at(stub["purged"])


def _at(mark: Any) -> str:
    return str(mark.get("at", "")) if isinstance(mark, dict) else ""


def _kept(before: Any, after: Any) -> bool:
    """Whether a parameter is what it was: also in conflict with another, or chosen from one."""
    return after is not None and not set(_texts(before)).isdisjoint(_texts(after))


def _texts(value: Any) -> list[str]:
    """The value itself, or all that are in conflict; parameters are text, however written."""
    sides = value.get("sides") if isinstance(value, dict) else None
    return [str(one) for one in (sides if isinstance(sides, list) else [value])]


def _version(old: Doc, new: Doc) -> list[tuple[str, str]]:
    changed = [key for key in _LANDED if old.get(key) != new.get(key)]
    if changed:
        return [("number-changed", f"{', '.join(changed)}: a landed version never changes")]
    if old.get("status") == "DELETED" != new.get("status"):
        return [("number-changed", "came back after it was deleted")]
    return []


def _epoch(old: Doc, new: Doc) -> list[tuple[str, str]]:
    before, after = old.get("epoch"), new.get("epoch")
    if _whole(after, 0) < _whole(before, 0):
        return [("epoch-lowered", f"epoch {before} became {after}: what was forgotten comes back")]
    return []


def _whole(value: Any, default: int) -> int:
    return value if type(value) is int else default


_BY_KIND: Mapping[str, Callable[[Doc, Doc], list[tuple[str, str]]]] = {
    "run": _run,
    "version": _version,
    "epoch": _epoch,
}
