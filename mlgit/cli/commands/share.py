"""`mlgit push`, `pull`, `sync`, `status`: this clone's store and everybody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Command
from mlgit.cli.numbers import counted
from mlgit.cli.progress import working
from mlgit.cli.session import Session, pass_session
from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlgit.git.transport.protocol import Transport
    from mlgit.sharing.epoch import TakenOver
    from mlgit.sharing.plan import Synced
    from mlgit.sharing.pull import Pulled
    from mlgit.sharing.state import SharedState
    from mlgit.store.store import Store

_NAMED = 10
_HOSTILE = "no store may hold it; ask who pushed it: git log mlgit"
_REMOTE = click.argument("remote", default="", metavar="[REMOTE]")


@click.command(cls=Command, examples="mlgit pull\nmlgit pull upstream")
@_REMOTE
@pass_session
def pull(session: Session, *, remote: str) -> None:
    """Take in what others have recorded.

    Nothing is overwritten and no run is dropped: what both sides changed is merged field by field,
    and what only a person can decide stays as a value in conflict. REMOTE is `origin` by default.
    """
    from mlgit.sharing.remotes import transport_of
    from mlgit.sharing.sync import pull as take_in

    transport = transport_of(session.store, remote)
    with working(session.output, f"fetching from {transport.remote}"):
        pulled = take_in(session.store, transport)
    if pulled is None:
        session.output.note(f"{transport.remote} has no store yet; `mlgit push` brings it there")
    elif not _tell(session, pulled, transport.remote):
        session.output.note(f"nothing new from {transport.remote}")


@click.command(cls=Command, examples="mlgit push\nmlgit push upstream")
@_REMOTE
@pass_session
def push(session: Session, *, remote: str) -> None:
    """Bring what is new here to where others find it.

    What others have brought there meanwhile is taken in first. Where many push at the same moment
    it may land in the inbox of the remote, which the next sync of anyone takes in.
    """
    from mlgit.sharing.push import push as bring

    _share(session, remote, bring)


@click.command(cls=Command, examples="mlgit sync\nmlgit sync upstream")
@_REMOTE
@pass_session
def sync(session: Session, *, remote: str) -> None:
    """Pull and push: then both sides have the same."""
    from mlgit.sharing.sync import sync as bring_together

    _share(session, remote, bring_together)


def _share(session: Session, remote: str, bring: Callable[[Store, Transport], Synced]) -> None:
    from mlgit.sharing.remotes import transport_of

    transport = transport_of(session.store, remote)
    with working(session.output, f"sharing with {transport.remote}"):
        synced = bring(session.store, transport)
    if synced.pulled is not None:
        _tell(session, synced.pulled, transport.remote)
    session.output.note(_outcome(synced, transport.remote))


def _outcome(synced: Synced, remote: str) -> str:
    if synced.inbox:
        later = "it joins the branch with the next sync of anyone"
        return f"pushed to the inbox of {remote}, others were faster; {later}"
    return f"pushed to {remote}" if synced.pushed else f"{remote} has all of it"


def _tell(session: Session, pulled: Pulled, remote: str) -> bool:
    """Say what came; whether that was anything."""
    from mlgit.sharing.state import changes_between

    if pulled.epoch is not None:
        _tell_epoch(session, pulled.epoch, remote)
    if pulled.after != pulled.before:
        found = changes_between(session.store, pulled.before, pulled.after)
        session.output.note(_news(len(found.new), len(found.changed), remote))
    if pulled.mended:
        session.output.note("brought back what a merge without mlgit had lost")
    for ref in pulled.left:
        hint = f"remove it if nobody needs it: git push {remote} :{ref}"
        session.output.warn(f"left {ref} at {remote}: it is damaged, or of no store", hint)
    for held in pulled.held[:_NAMED]:
        session.output.warn(f"left out {held.path}: it {held.reason}", _HOSTILE)
    if len(pulled.held) > _NAMED:
        more = len(pulled.held) - _NAMED
        session.output.warn(f"left out {counted(more, 'more path')}", _HOSTILE)
    for path in pulled.open:
        session.output.warn(f"both sides changed {path}", "mlgit conflicts")
    return pulled.after != pulled.before


def _news(new: int, changed: int, remote: str) -> str:
    if new:
        return f"{counted(new, 'run')} from {remote}" + (f", {changed} changed" if changed else "")
    return f"{counted(changed, 'run')} changed at {remote}" if changed else f"changes from {remote}"


def _tell_epoch(session: Session, taken: TakenOver, remote: str) -> None:
    """Say that a history was given up, here or at the remote."""
    where = f"at {remote}" if taken.replaces else "here"
    what = f"something was forgotten; the old history {where} goes"
    session.output.note(f"epoch {taken.epoch}: {what}")
    if taken.guessed:
        session.output.warn(
            f"what this clone and {remote} once had in common is not known here: all was united",
            "mlgit conflicts",
        )


@click.command(cls=Command, examples="mlgit status\nmlgit status upstream")
@_REMOTE
@pass_session
def status(session: Session, *, remote: str) -> None:
    """Say what only this clone has, lacks, and runs.

    As of the last pull or push: nothing is asked of the remote.
    """
    from mlgit.sharing.remotes import transport_of
    from mlgit.sharing.state import shared_state

    try:
        lines = _lines(shared_state(session.store, transport_of(session.store, remote)))
    except NotFound as error:
        if remote or error.facts.get("candidates"):
            raise
        lines = [f"not shared: {error.message}"]
    running = len(session.live())
    session.output.data([*lines, *([f"{counted(running, 'run')} under way"] if running else [])])


def _lines(found: SharedState) -> list[str]:
    if not found.known:
        return [f"not shared with {found.remote} yet"]
    waiting = [f"{counted(found.waiting, 'run')} in the inbox of {found.remote}"]
    return [
        f"{counted(found.ahead, 'run')} only here",
        f"{counted(found.behind, 'run')} not here",
        *(waiting if found.waiting else []),
        *(["one side has forgotten what the other still has: mlgit sync"] if found.apart else []),
    ]
