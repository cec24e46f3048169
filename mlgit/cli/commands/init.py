"""`mlgit init`: make the store of this repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Command
from mlgit.cli.session import Session, pass_session

if TYPE_CHECKING:
    from mlgit.store.store import Store


@click.command(
    cls=Command,
    examples="""
    mlgit init
    mlgit init --store git@example.org:team/runs.git
    mlgit init --protected-registry
    """,
)
@click.option(
    "--store", "url", default="", metavar="URL", help="Keep runs in a repository of their own."
)
@click.option(
    "--protected-registry/--open-registry",
    "protected",
    default=None,
    help="Keep what decides on a branch of its own, or bring it back.",
)
@pass_session
def init(session: Session, *, url: str, protected: bool | None) -> None:
    """Create the experiment store of this repository.

    It is the branch `mlgit`, an orphan: the working tree, the index and HEAD are not touched. Where
    a remote has the branch already, it is taken over. Doing it twice is harmless.

    With --protected-registry, policy, aliases, stages and approvals move to the branch
    `mlgit-registry`, which a forge can protect; everything else stays open. Histories stay whole.
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
        if protected is not None:
            _move(session, store, protected=protected)
        elif done.what == "created":
            session.output.note("Next: mlgit log-run -p lr=0.1 -m acc=0.93 && mlgit runs")


def _move(session: Session, store: Store, *, protected: bool) -> None:
    from mlgit.registry.modes import protect, reopen

    name = f"{store.branch.name}-registry"
    if protected:
        moved = protect(store)
        session.output.note(
            f"Aliases, stages and rules stand on {name} now.\n"
            "Next: mlgit push, then protect that branch at the forge or the server"
            if moved
            else f"Aliases, stages and rules stand on {name} already."
        )
        return
    moved = reopen(store)
    session.output.note(
        f"Aliases, stages and rules stand on {store.branch.name} again.\n"
        f"Next: mlgit push, then git push origin --delete {name}"
        if moved
        else f"Aliases, stages and rules stand on {store.branch.name} already."
    )
