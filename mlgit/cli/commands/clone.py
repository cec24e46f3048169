"""`mlgit clone`: a clone in which everything is ready."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Command
from mlgit.cli.numbers import counted
from mlgit.cli.progress import working
from mlgit.cli.session import Session, pass_session

if TYPE_CHECKING:
    from mlgit.sharing.clone import Cloned


@click.command(
    cls=Command,
    examples="""
    mlgit clone git@example.org:risk/churn.git
    mlgit clone https://example.org/risk/churn.git ../churn
    mlgit clone --store-only https://example.org/risk/churn.git churn-runs
    """,
)
@click.argument("url")
@click.argument("folder", default="", metavar="[DIR]")
@click.option("--store-only", is_flag=True, help="Bring only the experiments; check nothing out.")
@pass_session
def clone(session: Session, *, url: str, folder: str, store_only: bool) -> None:
    """Clone a repository with its experiments, ready to be searched.

    As `git clone`, and then the local branch of the store and the search index are made. With
    --store-only the code stays where it is; the git program is not needed then.
    """
    from mlgit.sharing.clone import clone as bring
    from mlgit.sharing.clone import folder_of
    from mlgit.store.url import repository_url

    place = Path(folder or folder_of(repository_url(url)))
    with working(session.output, f"cloning {url}"):
        cloned = bring(url, place, store_only=store_only)
    session.output.note(f"cloned into {place}: {_held(session, cloned)}")


def _held(session: Session, cloned: Cloned) -> str:
    """How much there is, from the index, which is made by asking."""
    if cloned.tip is None:
        return "it has no store yet; `mlgit init` there makes one"
    from mlgit.search.index import Index
    from mlgit.store.store import Store

    with Store.open(cloned.path) as store, Index(store) as index:
        with working(session.output, "reading every run"):
            index.refresh()
        runs, experiments = index.count(), len(index.experiments())
    return f"{counted(runs, 'run')}, {counted(experiments, 'experiment')}"
