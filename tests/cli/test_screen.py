"""On a real terminal: a table that fits, a pager for what is long, colour where it is wanted."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mlgit.cli.escape import width
from tests.cli.harness import done
from tests.support.console import terminal

MLGIT = f"{shlex.quote(sys.executable)} -m mlgit"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")


@pytest.fixture
def store(repo: Path) -> Path:
    done("init")
    for number in range(3):
        metrics = [f"--metric=a_rather_long_name_{key}=0.{number}{key}" for key in range(4)]
        done("log-run", "--name", f"run-{number}", *metrics, f"--param=lr=0.{number}")
    return repo


@pytest.mark.parametrize("columns", [80, 120])
def test_a_table_fits_the_terminal(store: Path, columns: int) -> None:
    code, printed = terminal(f"{MLGIT} runs", store, columns)
    table = [line for line in printed.splitlines() if not line.startswith(("Hidden", "Too"))]
    assert code == 0
    assert max(map(width, table)) <= columns
    assert ("Too narrow for" in printed) == (columns == 80)
    assert "\x1b" not in printed


def test_colour_is_for_terminals_that_want_it(store: Path) -> None:
    assert "\x1b[1m" in terminal(f"env -u NO_COLOR {MLGIT} runs", store)[1]
    assert "\x1b" not in terminal(f"env -u NO_COLOR TERM=dumb {MLGIT} runs", store)[1]
    assert "\x1b" not in terminal(f"env -u NO_COLOR {MLGIT} runs | cat", store)[1]


def test_a_pipe_gets_values(store: Path) -> None:
    printed = terminal(f"{MLGIT} runs | cut -f 2,6", store)[1]
    assert printed == "run-2\t0.2\nrun-1\t0.1\nrun-0\t0.0\n"


def at_a_keyboard(store: Path, **environ: str) -> str:
    """What `mlgit runs` shows a person who could press keys."""
    outer, inner = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C.UTF-8", **environ}
    argv = [sys.executable, "-m", "mlgit", "runs"]
    child = subprocess.Popen(argv, cwd=store, env=env, stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    printed = b""
    while piece := _read(outer):
        printed += piece
    os.close(outer)
    assert child.wait() == 0
    return printed.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says EIO when the last writer of a terminal is gone
        return b""


@pytest.mark.parametrize(
    ("lines", "pager", "paged"),
    [("4", "GIT_PAGER", True), ("4", "PAGER", True), ("50", "PAGER", False), ("4", "NONE", False)],
)
def test_only_long_output_is_paged(store: Path, lines: str, pager: str, paged: bool) -> None:
    script = store / "page"
    script.write_text("#!/bin/sh\nsed 's/^/PAGED /'\n")
    script.chmod(0o755)
    environ = {"LINES": lines, "GIT_PAGER": "cat", pager: str(script)}
    if pager == "PAGER":
        del environ["GIT_PAGER"]
    assert ("PAGED" in at_a_keyboard(store, **environ)) is paged
