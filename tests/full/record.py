"""Dated lines in the pages: the newest of each step stands between two markers."""

from __future__ import annotations

import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mlgit import times
from tests.full.step import Outcome

HEAD = "| step | when (UTC) | result | took | figures | with |\n|---|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Row:
    """One line: a step, when it ran, how it ended, what it found, with which versions."""

    step: str
    outcome: Outcome
    seconds: float

    def markdown(self) -> str:
        """The line of the table."""
        when = times.iso(times.now_ms())[:16].replace("T", " ")
        took = f"{self.seconds / 60:.1f} min" if self.seconds >= 60 else f"{self.seconds:.0f} s"
        cells = (self.step, when, self.outcome.result.value, took, self.outcome.figures, versions())
        return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def versions() -> str:
    """Commit, Python and git that were tested."""
    commit = _said("git", "rev-parse", "--short=10", "HEAD")
    git = _said("git", "--version").removeprefix("git version ")
    return f"{commit}, Python {platform.python_version()}, git {git}, {platform.system()}"


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def put_row(page: Path, marker: str, row: Row) -> None:
    """Put a step's line into the table between a page's markers, in place of its last one."""
    before, inside, after = _split(page, marker)
    lines = [line for line in inside.splitlines() if line.startswith("| ")][1:]
    kept = [line for line in lines if not line.startswith(f"| {row.step} |")]
    text = "\n".join([*kept, row.markdown()])
    page.write_text(f"{before}\n{HEAD}{text}\n{after}", "utf-8")


def put_text(page: Path, marker: str, text: str) -> None:
    """Replace what stands between a page's markers."""
    before, _, after = _split(page, marker)
    page.write_text(f"{before}\n{text.strip()}\n{after}", "utf-8")


def _split(page: Path, marker: str) -> tuple[str, str, str]:
    begin, end = f"<!-- {marker}:begin -->", f"<!-- {marker}:end -->"
    found = re.search(f"({begin})(.*)({end})", page.read_text("utf-8"), re.DOTALL)
    if found is None:
        raise ValueError(f"{page} has no place marked {marker}")
    whole = found.string
    return whole[: found.end(1)], found[2], whole[found.start(3) :]
