"""Whether a file of the branch is what the format says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlgit import errors
from mlgit.records import text
from mlgit.records.schema_rules import Finding, findings, strangers
from mlgit.records.schema_table import CLOSED, KINDS, VARIANTS


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file; `line` and `column` count from 1, None where unknown."""

    key: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}: "
        return f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}"


def validate(kind: str, doc: dict[str, Any]) -> list[Problem]:
    """What is wrong with the document of a file of a kind of `KINDS`; empty when nothing is."""
    return [Problem(_dotted(path), message) for path, message in _findings(kind, doc)]


def validate_file(kind: str, data: bytes) -> list[Problem]:
    """What is wrong with a file of a kind of `KINDS`, with lines; empty when nothing is."""
    try:
        doc = text.load(data)
    except errors.Damaged as error:
        where: Any = error.facts["line"], error.facts.get("column")
        return [Problem("", str(error.facts["reason"]), *where)]
    found = list(_findings(kind, doc))
    lines = text.lines(data) if found else {}
    rows = data.splitlines() if found else []
    return [
        Problem(_dotted(path), message, line, _indent(rows[line - 1]) if line else None)
        for path, message in found
        for line in [lines.get(path)]
    ]


def _indent(row: bytes) -> int:
    """The column, from 1, of the first thing in a line."""
    return len(row) - len(row.lstrip(b" -")) + 1


def damage(kind: str, doc: dict[str, Any], error: Exception) -> errors.Damaged:
    """The error of a document that could not be turned into its record."""
    problems = validate(kind, doc)
    reason = str(problems[0]) if problems else f"{type(error).__name__}: {error}"
    return errors.Damaged(f"not a valid {kind} file: {reason}", kind=kind, reason=reason)


def _findings(kind: str, doc: dict[str, Any]) -> Iterator[Finding]:
    variants = (rule for (of, key), rule in VARIANTS.items() if of == kind and key in doc)
    yield from findings(next(variants, KINDS[kind]), doc)
    if kind in CLOSED:
        for path in strangers(KINDS[kind], doc):
            yield path, "there is no rule of that name"


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))
