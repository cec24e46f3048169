"""What a step of the full run has to do and what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "full"  # environments and generated stores, ignored by git


class Result(Enum):
    """How a step ended."""

    PASSED = "pass"
    FAILED = "FAIL"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """How a step ended, its figures in a few words, and a table to show below the steps."""

    result: Result
    figures: str
    table: str = ""


def run(argv: Sequence[str], **more: str) -> tuple[int, str]:
    """Run a program in the project's folder, showing what it prints; its code and last lines."""
    environment: Mapping[str, str] = {**os.environ, **more}
    tail: list[str] = []
    with subprocess.Popen(
        list(argv),
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            sys.stdout.write(line)
            tail = [*tail[-40:], line]
    return child.returncode, "".join(tail)


def pytest(python: str | Path, *arguments: str, **more: str) -> Outcome:
    """Run tests, `more` being added to the environment; the figures are pytest's own last line."""
    code, printed = run([str(python), "-m", "pytest", "-n", "2", *arguments], **more)
    lines = [line.strip("= \n") for line in printed.splitlines() if " in " in line]
    return Outcome(Result.FAILED if code else Result.PASSED, lines[-1] if lines else "no tests ran")
