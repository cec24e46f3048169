"""What a check reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """One thing on the branch that the format does not allow, or does not know.

    Attributes:
        path: Where; as git names it, bytes that are no UTF-8 as surrogates.
        severity: `error` where something is lost or unsafe, `warning` where a reader may be
            misled, `note` for what is merely unknown.
        message: What is wrong.
        line: Counts from 1; None where unknown.
        hint: What to do; may be empty.
    """

    path: str
    severity: Severity
    message: str
    line: int | None = None
    hint: str = ""


class Report:
    """Problems as they are found, up to a number that a person could ever read."""

    def __init__(self, most: int = 10_000) -> None:
        self.problems: list[Problem] = []
        self._most = most

    def add(
        self, path: str, message: str, severity: Severity = "error", line: int | None = None
    ) -> None:
        """Note one problem."""
        if len(self.problems) < self._most:
            self.problems.append(Problem(path, severity, message, line))
        elif len(self.problems) == self._most:
            text = f"more than {self._most} problems; the others are not listed"
            self.problems.append(Problem("", "error", text))
