"""A question before what cannot simply be undone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlgit.cli.failure import UsageError

if TYPE_CHECKING:
    from mlgit.cli.output import Output


def require_yes(output: Output, question: str, *, yes: bool) -> None:
    """Go on only where the user says so: with `--yes`, or when asked on a terminal.

    Raises:
        UsageError: Nobody is there to be asked.
        click.Abort: The answer is no.
    """
    if yes:
        return
    if not may_ask(output):
        raise UsageError(f"{question} Nobody is here to answer.", "add --yes")
    click.confirm(output.talk.safe(question), abort=True, err=True)


def may_ask(output: Output) -> bool:
    """Whether a person is there to answer."""
    return output.talk.interactive and sys.stdin.isatty()


def agrees(output: Output, question: str) -> bool:
    """What a person answers, who is there; no unless said."""
    return click.confirm(output.talk.safe(question), err=True)
