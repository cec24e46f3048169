"""`mlgit ci`: checks of a forge."""

from __future__ import annotations

import click

from mlgit.ci import FORGES, Placed
from mlgit.cli.command import Group
from mlgit.cli.session import Session, pass_session

_ELSEWHERE = {
    "github": ("mlgit-gate.yml", "mlgit-report.yml"),
    "gitea": ("mlgit-report.yml",),
    "gitlab": (),
}


@click.group(
    cls=Group,
    examples="""
    mlgit ci init github --owner @team/ml-leads
    mlgit ci init gitlab
    """,
)
def ci() -> None:
    """Have a forge judge proposals, and tell what has landed."""


@ci.command(
    examples="""
    mlgit ci init github --owner @team/ml-leads
    mlgit ci init gitea --mlgit-version 0.1.0 --force
    """
)
@click.argument("forge", type=click.Choice(FORGES))
@click.option("--mlgit-version", "version", default="", metavar="X", help="Pin this release.")
@click.option("--owner", "owners", multiple=True, metavar="NAME", help="Put NAME in CODEOWNERS.")
@click.option("--force", is_flag=True, help="Replace files that were changed; CODEOWNERS stays.")
@pass_session
def init(
    session: Session, *, forge: str, version: str, owners: tuple[str, ...], force: bool
) -> None:
    """Put the checks for a forge on the branch that is guarded, as one commit.

    They judge proposals, report on code, deploy what has landed and write the README. Nothing of a
    proposal is checked out or run, and mlgit is pinned. What the forge must be told besides, and
    what then holds, is in docs/forges.md.
    """
    from importlib import metadata

    from mlgit.ci import Wanted, place
    from mlgit.registry.sight import sight

    store = session.store
    seen, data = sight(store), store.branch.name
    guarded = data if seen.guarded.ref == seen.data.ref else f"{data}-registry"
    wanted = Wanted(forge, data, guarded, version or metadata.version("mlgit"), owners)
    _tell(session, place(store, wanted, force=force), forge, guarded)


def _tell(session: Session, done: Placed, forge: str, guarded: str) -> None:
    session.output.data(done.written)
    names = [path.rpartition("/")[2] for path in done.kept]
    if names:
        session.output.warn(
            f"there already, and left as they are: {', '.join(names)}",
            f"mlgit ci init {forge} --force    replaces all but CODEOWNERS",
        )
    if not done.written:
        return
    here = [path for path in done.written if path.endswith(_ELSEWHERE[forge])]
    if here and _ELSEWHERE[forge]:
        session.output.note(
            f"{forge} reads these from the default branch; there, too:\n"
            f"  git checkout {guarded} -- {' '.join(here)}\n  git commit"
        )
    session.output.note(
        "mlgit push brings them to the forge; docs/forges.md says what to set there"
    )
