"""Sessions at a terminal as Markdown: commands with what they print, run in this process.

A block of kind `console` holds the session: `$ ` begins a command, `> ` continues it, the lines
below are what both streams show; `[exit 3]` at the end is the exit code where it is not 0. A block
with a file name behind its kind (```` ```csv history.csv ````) is written to that file. A comment
before a block sets the screen from there on: `<!-- pipe -->`, `<!-- terminal -->`,
`<!-- COLUMNS=120 NO_COLOR= -->`; a terminal has 80 columns and no colour unless said.

`mlgit` commands run here, on a clock that ticks a second a command; others are run by `sh`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.harness import Ticking, mlgit

_PART = re.compile(
    r"^<!-- (?P<setting>[^\n]*) -->$|^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SHELL = re.compile(r"[|<>&;$`]")


@dataclass
class Screen:
    """Where a session's commands run and what they see."""

    place: Path
    clock: Ticking
    environ: pytest.MonkeyPatch
    tty: bool = True

    def run(self, command: str) -> str:
        """What one command shows, made the same on every machine."""
        self.clock.tick()
        words = shlex.split(command)
        if words[0] == "mlgit" and not any(map(_SHELL.fullmatch, words)):
            result = mlgit(*words[1:], tty=self.tty)
            code, text = result.code, result.screen
        else:
            child = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
            code, text = child.returncode, child.stdout + child.stderr
        for here, there in (
            (str(self.place), "~/project"),
            (str(self.place.parent), "~"),
            (os.uname().nodename, "laptop"),
            ("\x1b", "^["),
        ):
            text = text.replace(here, there)
        text = "".join(f"{line.rstrip()}\n" for line in text.split("\n")[:-1])
        return text + (f"[exit {code}]\n" if code else "")

    def set(self, setting: str) -> None:
        """Obey one comment of the page."""
        for word in setting.split():
            name, equals, value = word.partition("=")
            if equals:
                self.environ.setenv(name, value)
            elif word in {"pipe", "terminal"}:
                self.tty = word == "terminal"


def replay(page: str, screen: Screen) -> str:
    """The page with what its commands show now."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    screen.set(f"PATH={path} COLUMNS=80 NO_COLOR=1 LC_ALL=C.UTF-8 PAGER=cat")
    return _PART.sub(lambda match: _replayed(match, screen), page)


def _replayed(match: re.Match[str], screen: Screen) -> str:
    if match["setting"]:
        screen.set(match["setting"])
    elif match["file"]:
        Path(match["file"]).write_text(match["text"])
    elif match["kind"] == "console":
        return f"```console\n{''.join(_session(match['text'], screen))}```"
    return match[0]


def _session(text: str, screen: Screen) -> Iterator[str]:
    for command in _commands(text):
        shown = command.replace("\n", "\n> ")
        yield f"$ {shown}\n{screen.run(command)}"


def _commands(text: str) -> list[str]:
    found: list[str] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(line[2:])
        elif line.startswith("> ") and found:
            found[-1] += "\n" + line[2:]
    return found
