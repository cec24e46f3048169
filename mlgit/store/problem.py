"""What a check reports."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "note"]


class Problem(NamedTuple):
    """One thing on the branch that the format does not allow, or does not know.

    Attributes:
        path: Where; as git names it, bytes that are no UTF-8 as surrogates.
        line: Counts from 1; None where unknown.
        column: Counts from 1; None where unknown.
        severity: `error` where something is lost or unsafe, `warning` where a reader may be
            misled, `note` for what is merely unknown.
        code: A stable word for programs, such as `seal-broken`; `mlgit help checks` lists them.
        message: What is wrong.
        hint: What to do; may be empty.
    """

    path: str
    line: int | None
    column: int | None
    severity: Severity
    code: str
    message: str
    hint: str = ""


class Report:
    """Problems as they are found, up to a number that a person could ever read."""

    def __init__(self, most: int = 10_000) -> None:
        self._found: list[Problem] = []
        self._most = most

    def add(
        self,
        path: str,
        code: str,
        message: str,
        severity: Severity = "error",
        *,
        line: int | None = None,
        column: int | None = None,
        hint: str = "",
    ) -> None:
        """Note one problem."""
        if len(self._found) <= self._most:
            self._found.append(Problem(path, line, column, severity, code, message, hint))

    def names(self, path: str) -> bool:
        """Whether something was found wrong at that path."""
        return any(problem.path == path for problem in self._found)

    def problems(self) -> list[Problem]:
        """What was found, by path and line; the last one says so where there was more."""
        found = sorted(self._found[: self._most], key=lambda each: (each.path, each.line or 0))
        if len(self._found) > self._most:
            text = f"there are more than {self._most} problems; the others are not listed"
            found.append(Problem("", None, None, "error", "more", text))
        return found
