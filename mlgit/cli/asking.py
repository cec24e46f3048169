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
    if not (output.talk.interactive and sys.stdin.isatty()):
        raise UsageError(f"{question} Nobody is here to answer.", "add --yes")
    click.confirm(output.talk.safe(question), abort=True, err=True)
