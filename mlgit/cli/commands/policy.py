"""`mlgit policy`: the gates of promotion, shown and put in place."""

from __future__ import annotations

from typing import BinaryIO

import click

from mlgit.cli.command import Command
from mlgit.cli.session import Session, pass_session


@click.command(
    cls=Command,
    examples="""
    mlgit policy
    mlgit policy gates.yaml -m "latency counts"
    mlgit policy gates.yaml --check
    """,
)
@click.argument("file", type=click.File("rb"), required=False, metavar="[FILE]")
@click.option("-m", "--message", default="", metavar="TEXT", help="Why; the commit says it.")
@click.option("--check", is_flag=True, help="Only say what is wrong with FILE.")
@pass_session
def policy(session: Session, *, file: BinaryIO | None, message: str, check: bool) -> None:
    """Show the gates of promotion, or put those of FILE in place.

    `-` is standard input. Comments and order stay as they are written.
    """
    from mlgit.registry import rules

    if file is None:
        text = rules.written_policy(session.store).decode("utf-8", "replace")
        session.output.page([session.output.terminal.safe(line) for line in text.splitlines()])
        if not text:
            session.output.note("There is no policy: promotions pass.  mlgit policy FILE")
        return
    data = file.read()
    rules.refuse_invalid(data)
    if check:
        session.output.note("this is a policy")
        return
    changed = rules.put_policy(session.store, data, message)
    session.output.note("the policy is in place" if changed else "nothing has changed")
