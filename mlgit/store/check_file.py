"""Single files of the branch against the format, each content looked at once."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from mlgit.errors import Damaged, NotFound
from mlgit.records import schema
from mlgit.records.metrics import Point, decode_points

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.problem import Report

_RAW = frozenset({"attributes", "readme", "environment", "patch", "inline", "metrics"})
_REMEMBERED = 4096  # contents; a hostile branch names one large file from many places

K = TypeVar("K")
V = TypeVar("V")


class Files:
    """Reads and judges the files of one object store.

    Attributes:
        report: Where problems go.
    """

    def __init__(self, objects: Objects, report: Report) -> None:
        self._objects, self.report = objects, report
        self._verdicts: dict[tuple[str, Oid], list[schema.Problem]] = {}
        self._digests: dict[Oid, tuple[int, str]] = {}

    def read(self, path: str, oid: Oid) -> bytes | None:
        """The bytes of a file; None, and a report, where they cannot be read."""
        try:
            return self._objects.blob(oid)
        except (NotFound, Damaged) as error:
            self.report.add(path, f"cannot be read: {error.message}", hint=error.hint)
            return None

    def check(self, path: str, oid: Oid, kind: str) -> bool:
        """Whether a file is what the format says of its kind; if not, that is reported."""
        if kind in _RAW:
            return True
        problems = self._verdicts.get((kind, oid))
        if problems is None:
            data = self.read(path, oid)
            if data is None:
                return False
            problems = schema.validate_file(kind, data)
            _remember(self._verdicts, (kind, oid), problems)
        for problem in problems:
            where = f"{problem.key}: " if problem.key else ""
            self.report.add(path, f"{where}{problem.message}", line=problem.line)
        return not problems

    def points(self, path: str, oid: Oid) -> list[Point] | None:
        """The points of a segment; None, and a report, where they cannot be read."""
        data = self.read(path, oid)
        try:
            return None if data is None else decode_points(data)
        except Damaged as error:
            line = error.facts.get("line")
            reason = str(error.facts.get("reason", error.message))
            self.report.add(path, reason, line=line if isinstance(line, int) else None)
            return None

    def digest(self, path: str, oid: Oid) -> tuple[int, str] | None:
        """(bytes, sha256) of a file; None, and a report, where it cannot be read."""
        known = self._digests.get(oid)
        if known is None:
            data = self.read(path, oid)
            if data is None:
                return None
            known = len(data), sha256(data).hexdigest()
            _remember(self._digests, oid, known)
        return known


def _remember(known: dict[K, V], key: K, value: V) -> None:
    if len(known) >= _REMEMBERED:
        del known[next(iter(known))]
    known[key] = value
