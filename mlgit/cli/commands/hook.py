"""`mlgit hook`: what git itself asks before a push."""

from __future__ import annotations

import sys

import click

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


def _shim(name: str = _NAME) -> bytes:
    """The program git is to run: in the package once it is installed, else beside it."""
    from mlgit.serverhooks import shim

    return shim(name)


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


@hook.command(
    "pre-receive",
    hidden=True,
    examples="""
    mlgit hook pre-receive < lines-from-git
    mlgit hook pre-receive
    """,
)
@pass_session
def pre_receive(session: Session) -> int:
    """Answer git on a server, which says on stdin what is about to move."""
    return _judged(session, sys.stdin.buffer.read().splitlines())


@hook.command(
    hidden=True,
    examples="""
    mlgit hook update refs/heads/mlgit OLD NEW
    mlgit hook update "$@"
    """,
)
@click.argument("ref")
@click.argument("old")
@click.argument("new")
@pass_session
def update(session: Session, *, ref: str, old: str, new: str) -> int:
    """Answer git on a server about a single ref."""
    return _judged(session, [f"{old} {new} {ref}".encode("utf-8", "surrogateescape")])


@hook.command(
    "post-receive",
    hidden=True,
    examples="""
    mlgit hook post-receive < lines-from-git
    mlgit hook post-receive
    """,
)
@pass_session
def post_receive(session: Session) -> None:
    """Tell the program that the server's `mlgit.onEvents` names what has happened."""
    from mlgit.git.repository import Repository
    from mlgit.registry.pushed.update import read_updates
    from mlgit.serverhooks import tell

    with Repository.discover() as repository:
        said = tell(repository, read_updates(sys.stdin.buffer.read().splitlines()))
    if said:
        session.output.warn(said, "the push has landed; ask whoever runs this server")


def _judged(session: Session, lines: list[bytes]) -> int:
    """Say every reason against a push; 1 where there is one."""
    from mlgit.git.repository import Repository
    from mlgit.registry.pushed.update import read_updates
    from mlgit.serverside import judge, user_of

    with Repository.discover() as repository:
        found = judge(repository, read_updates(lines), user_of())
    for one in found:
        session.output.refuse(f"not pushed to {one.ref}: {one.reason}", one.hint)
    return 1 if found else 0
