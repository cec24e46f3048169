"""`mlgit server`: a repository that answers pushes with the rules, where there is no forge."""

from __future__ import annotations

from pathlib import Path

import click

from mlgit.cli.command import Group
from mlgit.cli.session import Session, pass_session

_PATH = click.argument("path", type=click.Path(file_okay=False, path_type=Path))


@click.group(
    cls=Group,
    examples="""
    mlgit server init /srv/churn.git
    mlgit server install-hooks /srv/churn.git
    """,
)
def server() -> None:
    """Guard a bare repository that the team pushes to.

    For servers without a forge. Pushes that delete or rewrite the store, edit sealed runs or move
    an alias past its gate are refused; all other branches are not looked at.
    """


@server.command(
    examples="""
    mlgit server init /srv/churn.git
    mlgit server init ../hub.git
    """
)
@_PATH
@pass_session
def init(session: Session, *, path: Path) -> None:
    """Make a bare repository that judges pushes."""
    from mlgit.serverhooks import init_server

    init_server(path)
    session.output.note(f"made {path}; whoever may write there can push")


@server.command(
    "install-hooks",
    examples="""
    mlgit server install-hooks /srv/churn.git
    mlgit server install-hooks /srv/churn.git --force
    """,
)
@_PATH
@click.option("--force", is_flag=True, help="Keep hooks that are there, and let them run first.")
@pass_session
def install_hooks(session: Session, *, path: Path, force: bool) -> None:
    """Put pre-receive, update and post-receive into a repository on a server.

    They run mlgit with the Python that runs this command. What was pushed before is not looked
    at: run `mlgit check --deep` in a clone first.
    """
    from mlgit.serverhooks import install

    for done in install(path, before=force):
        also = ", which runs the hook that was there first" if done.calls else ""
        session.output.note(f"installed {done.path}{also}")
