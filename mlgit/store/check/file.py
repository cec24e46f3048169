"""Single files of the branch against the format, each content looked at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mlgit.errors import Damaged, NotFound
from mlgit.records import schema, text
from mlgit.records.metrics import Point, decode_points

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.problem import Report

_RAW = frozenset({"attributes", "readme", "environment", "patch", "inline", "metrics"})
_REMEMBERED = 4096  # contents; a hostile branch names one large file from many places

K = TypeVar("K")
V = TypeVar("V")


class _Verdict(NamedTuple):
    """What is wrong in a content, and the keys of its values in conflict."""

    problems: Sequence[schema.Problem]
    contested: tuple[str, ...]


class Files:
    """Reads and judges the files of one object store.

    Attributes:
        report: Where problems go.
    """

    def __init__(self, objects: Objects, report: Report) -> None:
        self._objects, self.report = objects, report
        self._verdicts: dict[tuple[str, Oid], _Verdict] = {}
        self._digests: dict[Oid, tuple[int, str]] = {}

    def read(self, path: str, oid: Oid) -> bytes | None:
        """The bytes of a file; None, and a report, where they cannot be read."""
        try:
            return self._objects.blob(oid)
        except (NotFound, Damaged) as error:
            what = f"cannot be read: {error.message}"
            self.report.add(path, "unreadable", what, hint=error.hint)
            return None

    def check(self, path: str, oid: Oid, kind: str) -> bool:
        """Whether a file is what the format says of its kind; if not, that is reported."""
        if kind in _RAW:
            return True
        verdict = self._verdicts.get((kind, oid))
        if verdict is None:
            data = self.read(path, oid)
            if data is None:
                return False
            verdict = _judged(kind, data)
            _remember(self._verdicts, (kind, oid), verdict)
        for one in verdict.problems:
            what = f"{one.key}: {one.message}" if one.key else one.message
            self.report.add(path, "invalid", what, line=one.line, column=one.column)
        for key in verdict.contested:
            what = f"{key}: two sides disagree, a person has to choose"
            self.report.add(path, "conflict", what, "warning")
        return not verdict.problems

    def points(self, path: str, oid: Oid) -> list[Point] | None:
        """The points of a segment; None, and a report, where they cannot be read."""
        data = self.read(path, oid)
        try:
            return None if data is None else decode_points(data)
        except Damaged as error:
            line = error.facts.get("line")
            reason = str(error.facts.get("reason", error.message))
            where = line if isinstance(line, int) else None
            self.report.add(path, "invalid", reason, line=where)
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


def _judged(kind: str, data: bytes) -> _Verdict:
    problems = schema.validate_file(kind, data)
    if problems or b"sides:" not in data:
        return _Verdict(problems, ())
    return _Verdict((), tuple(_contested(text.load(data), "")))


def _contested(value: Any, path: str) -> Iterator[str]:
    """Where values are in conflict, by dotted key; the file's name for the whole of it."""
    if not isinstance(value, dict):
        return
    if isinstance(value.get("sides"), list):
        yield path or "the file"
        return
    for key, held in value.items():
        yield from _contested(held, f"{path}.{key}" if path else key)


def _remember(known: dict[K, V], key: K, value: V) -> None:
    if len(known) >= _REMEMBERED:
        del known[next(iter(known))]
    known[key] = value
