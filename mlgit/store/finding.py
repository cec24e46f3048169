"""What the doctor says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.store.problem import Severity


@dataclass(frozen=True)
class Finding:
    """One thing about a clone that its user should know.

    Attributes:
        code: A stable word for programs, such as `unpushed`.
        severity: `error` where something is broken, `warning` where something may be lost or
            is in the way, `note` for what is only good to know.
        what: One sentence.
        hint: What to do; may be empty.
        facts: The values the sentence was made from.
        fix: What `mlgit doctor --fix` would do about it; empty where only a person can.
    """

    code: str
    severity: Severity
    what: str
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    fix: str = ""


def amount(count: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size_of(count: int) -> str:
    """Bytes as `912 B`, `41.2 kB`, `3.1 GB`."""
    if count < 1000:
        return f"{count} B"
    number, units = count / 1000, iter(("kB", "MB", "GB", "TB"))
    unit = next(units)
    while number >= 999.95 and (larger := next(units, "")):
        number, unit = number / 1000, larger
    return f"{number:.1f} {unit}"
