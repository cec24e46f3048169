"""`mlgit hook`: what git itself asks before a push."""

from __future__ import annotations

import sys
from pathlib import Path

import click

import mlgit
from mlgit.cli.command import Group
from mlgit.cli.session import Session, pass_session
from mlgit.errors import AlreadyExists

_NAME = "pre-push"
_BY_HAND = 'mlgit hook pre-push "$@" || exit 1'


@click.group(
    cls=Group,
    examples="""
    mlgit hook install
    mlgit hook uninstall
    """,
)
def hook() -> None:
    """Guard plain `git push` of the store.

    `mlgit push` needs no hook: it brings the artifacts first, then the runs.
    """


@hook.command(
    examples="""
    mlgit hook install
    mlgit hook install --force
    """
)
@click.option("--force", is_flag=True, help="Keep a hook that is there, and let it run first.")
@pass_session
def install(session: Session, *, force: bool) -> None:
    """Refuse a `git push` of runs whose artifacts only this clone has.

    A pre-push hook is put where git looks for it (core.hooksPath counts). A hook that is there
    already is left alone. Pushes of other branches are not delayed; `git push --no-verify` goes
    past it.
    """
    from mlgit.git import hooks

    repository = session.store.repository
    try:
        done = hooks.install(repository, _NAME, _shim(), before=force)
    except AlreadyExists as error:
        hint = f"mlgit hook install --force, or add this line to it: {_BY_HAND}"
        raise AlreadyExists(error.message, hint, **error.facts) from error
    also = ", which runs the hook that was there first" if done.calls else ""
    session.output.note(f"installed {done.path}{also}")


@hook.command(
    examples="""
    mlgit hook uninstall
    mlgit hook uninstall -q
    """
)
@pass_session
def uninstall(session: Session) -> None:
    """Take the hook away; one that was there before comes back."""
    from mlgit.git import hooks

    path = hooks.uninstall(session.store.repository, _NAME)
    session.output.note(f"removed {path}" if path else "no hook of mlgit's is installed")


def _shim() -> bytes:
    """The program git is to run: in the package once it is installed, else beside it."""
    package = Path(mlgit.__file__).parent
    packed = package / "hooks" / _NAME
    return (packed if packed.is_file() else package.parent / "hooks" / _NAME).read_bytes()


@hook.command(
    "pre-push",
    hidden=True,
    examples="""
    mlgit hook pre-push origin ../hub.git < lines-from-git
    mlgit hook pre-push "$@"
    """,
)
@click.argument("remote")
@click.argument("url")
@pass_session
def pre_push(session: Session, *, remote: str, url: str) -> None:  # noqa: ARG001
    """Answer git, which says on stdin what it is about to push."""
    from mlgit.holdings.guard import guard

    guard(session.store, remote, sys.stdin.buffer.read().splitlines())
