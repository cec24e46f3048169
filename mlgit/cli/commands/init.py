"""`mlgit init`: make the store of this repository."""

from __future__ import annotations

import click

from mlgit.cli.command import Command
from mlgit.cli.session import Session, pass_session


@click.command(
    cls=Command,
    examples="""
    mlgit init
    mlgit init --store git@example.org:team/runs.git
    """,
)
@click.option(
    "--store", "url", default="", metavar="URL", help="Keep runs in a repository of their own."
)
@pass_session
def init(session: Session, *, url: str) -> None:
    """Create the experiment store of this repository.

    It is the branch `mlgit`, an orphan: the working tree, the index and HEAD are not touched. Where
    a remote has the branch already, it is taken over. Doing it twice is harmless.
    """
    from mlgit.store.store import Store

    done = Store.init(session.place, url=url)
    with done.store as store:
        commit = store.snapshot().commit.decode()[:8]
        where = f"branch {store.branch.name} ({commit})"
        words = {
            "created": f"Created the experiment store on {where}; the working tree is untouched.",
            "adopted": f"Took over the experiment store of {done.ref}: {where}.",
            "present": f"The experiment store is here already: {where}.",
        }
        session.output.note(
            words[done.what] + (f"\nIt is a clone of {done.url}" if done.url else "")
        )
        if done.what == "created":
            session.output.note("Next: mlgit log-run -p lr=0.1 -m acc=0.93 && mlgit runs")
