"""Run the command line inside this process, on a pinned clock and a made-up terminal."""

from __future__ import annotations

import hashlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from mlgit import times
from mlgit.cli.main import main

MORNING = 1_795_421_691_000  # 2026-11-23T08:14:51Z


@dataclass(frozen=True)
class Result:
    """What one command left; `screen` is both streams in the order they were written."""

    code: int
    stdout: str
    stderr: str
    screen: str


class Stream(io.TextIOWrapper):
    """A text stream over bytes that may claim to be a terminal, copied to a common screen."""

    def __init__(self, screen: io.BytesIO, *, terminal: bool) -> None:
        super().__init__(Tee(screen), "utf-8", errors="backslashreplace", write_through=True)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, Tee)
        return buffer.getvalue().decode()


class Tee(io.BytesIO):
    def __init__(self, screen: io.BytesIO) -> None:
        super().__init__()
        self.screen = screen

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.screen.write(data)
        return super().write(data)


def mlgit(*args: str, tty: bool = False, stdin: str = "", program: str = "mlgit") -> Result:
    """Run `mlgit ARGS` here; `tty` makes both outputs terminals (80 columns, or COLUMNS)."""
    screen = io.BytesIO()
    out, err = Stream(screen, terminal=tty), Stream(screen, terminal=tty)
    before, here = sys.stdin, Path.cwd()
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(args, program)
    finally:
        sys.stdin = before
        os.chdir(here)
    return Result(code, out.text(), err.text(), screen.getvalue().decode())


def done(*args: str, tty: bool = False, stdin: str = "") -> str:
    """What a command that must succeed writes to stdout."""
    result = mlgit(*args, tty=tty, stdin=stdin)
    assert result.code == 0, result.stderr
    return result.stdout


class Ticking:
    """A clock that stands still during a command and random bytes that come in one order."""

    def __init__(self) -> None:
        self.now = MORNING
        self.draws: dict[int, Iterator[int]] = {}

    def tick(self, seconds: int = 1) -> None:
        self.now += 1000 * seconds

    def entropy(self, size: int) -> bytes:
        # Counted by size: what a lock or a temporary file draws leaves the ids of runs alone.
        drawn = next(self.draws.setdefault(size, count()))
        return hashlib.sha256(b"draw %d of %d" % (drawn, size)).digest()[:size]


@contextmanager
def ticking() -> Iterator[Ticking]:
    """Pin the clock and the randomness of this process."""
    clock = Ticking()
    with times.pinned(times.Sources(clock=lambda: clock.now, entropy=clock.entropy)):
        yield clock
