"""`mlgit readme`: the front page of the branch."""

from __future__ import annotations

import click

from mlgit.cli.command import Command
from mlgit.cli.session import Session, pass_session


@click.command(
    cls=Command,
    examples="""
    mlgit readme
    mlgit readme --print > page.md
    """,
)
@click.option("--print", "shown", is_flag=True, help="Print it, and leave the branch alone.")
@pass_session
def readme(session: Session, *, shown: bool) -> None:
    """Make the README.md of the branch anew, in a commit of its own.

    Models with who serves what, where they come from, and the newest and best runs of each
    experiment, as a forge shows them on the page of the branch.
    """
    from mlgit.readme import text_of, write
    from mlgit.registry.sight import sight

    if shown:
        session.output.data(text_of(sight(session.store), session.index).splitlines())
    elif write(session.store):
        session.output.note("README.md was made anew")
    else:
        session.output.note("README.md is as it should be")
