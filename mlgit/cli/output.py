"""Where text goes: data to stdout, talk to stderr, long output through a pager."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mlgit.cli.failure import said
from mlgit.cli.terminal import Terminal, detect


class Output(NamedTuple):
    """The two streams of one command.

    Attributes:
        terminal: What stdout can show.
        talk: What stderr can show.
        quiet: Notes are left out; warnings and errors never.
        verbose: More is said.
    """

    terminal: Terminal
    talk: Terminal
    quiet: bool = False
    verbose: bool = False

    def coloured(self, choice: str) -> Output:
        """The same with the `--color` option heeded."""
        new = output_for(choice)
        return self._replace(terminal=new.terminal, talk=new.talk)

    def data(self, lines: Iterable[str]) -> None:
        """Write lines to stdout."""
        sys.stdout.writelines(f"{line}\n" for line in lines)

    def page(self, lines: Sequence[str]) -> None:
        """Write lines to stdout, through the pager when a terminal is too short for them."""
        if self.terminal.interactive and len(lines) >= self.terminal.height:
            _through_pager(lines, self.terminal)
        else:
            self.data(lines)

    def note(self, text: str) -> None:
        """Say something that nobody needs to read."""
        if not self.quiet:
            lines = [self.talk.safe(line) for line in text.splitlines()]
            self.say(self.talk.paint(line, "dim") for line in lines)

    def warn(self, text: str, hint: str = "") -> None:
        """Say something that should be read."""
        self.say(said("warning", text, self.talk, "yellow"))
        if hint:
            self.say(said("hint", hint, self.talk, "cyan"))

    def refuse(self, text: str, hint: str = "") -> None:
        """Say why something was not done."""
        self.say(said("error", text, self.talk, "red"))
        if hint:
            self.say(said("hint", hint, self.talk, "cyan"))

    def say(self, lines: Iterable[str]) -> None:
        """Write finished lines to stderr, after what stdout holds back."""
        sys.stdout.flush()
        sys.stderr.writelines(f"{line}\n" for line in lines)


def output_for(choice: str = "auto") -> Output:
    """The streams of this process as they are now; `choice` is the `--color` option."""
    return Output(
        terminal=detect(sys.stdout, choice, os.environ),
        talk=detect(sys.stderr, choice, os.environ),
    )


def _through_pager(lines: Sequence[str], terminal: Terminal) -> None:
    """As git does: GIT_PAGER before PAGER, `less -FRX`; an empty or `cat` pager is none."""
    import click

    program = os.environ.get("GIT_PAGER", os.environ.get("PAGER", "less"))
    if program in {"", "cat"}:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return
    sys.stdout.flush()
    os.environ["PAGER"] = program  # the one way to name a program to click's pager
    os.environ.setdefault("LESS", "FRX")
    os.environ.setdefault("LESSCHARSET", "utf-8")
    click.echo_via_pager((f"{line}\n" for line in lines), color=terminal.colour)
