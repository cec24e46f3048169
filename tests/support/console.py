"""Run the ```console and ```python blocks of a Markdown page as a person would."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ELLIPSIS = "…"


@dataclass(frozen=True)
class Step:
    """One `$ command` of a page and the lines printed below it there."""

    command: str
    expected: str
    line: int


def steps(page: Path) -> Iterator[Step]:
    """The commands of every console block, in order; `> ` continues a command."""
    expected: list[str] = []
    inside, command, start = False, "", 0
    for number, line in enumerate([*page.read_text("utf-8").splitlines(), "```"], 1):
        if inside and (line.startswith("$ ") or line == "```"):
            if command:
                yield Step(command, "\n".join(expected).strip(), start)
            command, expected, start = line[2:] if line != "```" else "", [], number
            inside = line != "```"
        elif inside and (line.startswith("> ") or line == ">"):
            command += "\n" + line[2:]
        elif inside:
            expected.append(line)
        elif line == "```console":
            inside, command, expected = True, "", []


def programs(page: Path) -> list[str]:
    """The Python blocks, in order."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def terminal(command: str, cwd: Path, width: int = 100) -> tuple[int, str]:
    """Run a shell command on a pseudo-terminal; its exit code and all it printed."""
    outer, inner = pty.openpty()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
    env.update(COLUMNS=str(width), LINES="50", PAGER="cat", GIT_PAGER="cat")
    child = subprocess.Popen(
        ["sh", "-c", command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=inner,
        stderr=inner,
    )
    os.close(inner)
    printed = b"".join(iter(lambda: _read(outer), b""))
    os.close(outer)
    return child.wait(), printed.decode("utf-8").replace("\r\n", "\n")


def answered(answer: bytes, *args: str) -> tuple[int, str]:
    """The exit code of a command on a terminal where somebody types, and all it printed."""
    outer, inner = pty.openpty()
    argv = [sys.executable, "-m", "mlgit", *args]
    env = {**os.environ, "NO_COLOR": "1", "TERM": "xterm"}
    child = subprocess.Popen(argv, env=env, stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    os.write(outer, answer)
    printed = b"".join(iter(lambda: _read(outer), b""))
    os.close(outer)
    return child.wait(60), printed.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says EIO when the last writer of a terminal is gone
        return b""


def agrees(expected: str, printed: str) -> bool:
    """Whether what was printed is what the page shows, where `…` stands for anything."""
    if not expected:
        return True
    pattern = r"(?s:.*?)".join(re.escape(_folded(part)) for part in expected.split(ELLIPSIS))
    return re.fullmatch(pattern, _folded(printed)) is not None


def _folded(text: str) -> str:
    return "\n".join(re.sub(r" +", " ", line).rstrip() for line in text.strip().splitlines())
