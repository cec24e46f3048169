"""What the commands of one process share: where they run, their streams, the store once opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import click

from mlgit.cli.output import Output, output_for


@dataclass
class Session:
    """One run of the program.

    Attributes:
        output: Its streams.
        debug: Show the traceback of every failure.
        command: Name of the command that runs.
    """

    output: Output = field(default_factory=output_for)
    debug: bool = False
    command: str = ""

    def cache_folder(self) -> Path | None:
        """Where reports of bugs go; None outside a repository."""
        return None


pass_session = click.make_pass_decorator(Session)
