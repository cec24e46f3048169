"""`mlgit purge`: deleted runs taken from the branch."""

from __future__ import annotations

import click

from mlgit.cli.arguments import RUN
from mlgit.cli.asking import require_yes
from mlgit.cli.command import Command
from mlgit.cli.numbers import counted
from mlgit.cli.session import Session, pass_session


@click.command(
    cls=Command,
    examples="""
    mlgit purge brisk-otter-12
    mlgit purge --yes $(mlgit runs --deleted --format '{id}')
    """,
)
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also runs that are not deleted.")
@pass_session
def purge(session: Session, *, runs: tuple[str, ...], yes: bool, force: bool) -> None:
    """Take deleted runs from the branch.

    Of each run a stub stays, so that no other clone brings it back. The history of the branch still
    has it: `restore` brings it back from there, and only `forget` takes it from there, too. A run
    that a registered version or a logged model came from is never purged.
    """
    from mlgit.runs.purge import purge as take_away
    from mlgit.runs.purge import require_purgeable
    from mlgit.store.named import sources

    every = [session.published(run) for run in runs]
    named = sources(session.store.snapshot())
    for found in every:
        require_purgeable(session.store, found.folder, named, force=force)
    require_yes(session.output, f"Purge {counted(len(every), 'run')}?", yes=yes)
    for found in every:
        take_away(session.store, found.folder, named, force=force)
        session.output.note(f"purged {found.run.name}; undo: mlgit restore {found.run.id}")
