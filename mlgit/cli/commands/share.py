"""`mlgit push`, `pull`, `sync`, `status`: this clone's store and everybody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from mlgit.cli.asking import agrees, may_ask
from mlgit.cli.command import Command
from mlgit.cli.numbers import counted, size
from mlgit.cli.progress import moving, working
from mlgit.cli.session import Session, pass_session
from mlgit.errors import Damaged, NotFound, Unsupported

if TYPE_CHECKING:
    from mlgit.shared import Outcome
    from mlgit.sharing.epoch import TakenOver
    from mlgit.sharing.plan import Synced
    from mlgit.sharing.pull import Pulled
    from mlgit.sharing.state import SharedState

_NAMED = 10
_HOSTILE = "no store may hold it; ask who pushed it: git log mlgit"
_REMOTE = click.argument("remote", default="", metavar="[REMOTE]")
_BY_NAME_ONLY = click.option(
    "--metadata-only",
    is_flag=True,
    help="Send no artifacts: the branch says that only this clone has them.",
)


@click.command(cls=Command, examples="mlgit pull\nmlgit pull upstream")
@_REMOTE
@pass_session
def pull(session: Session, *, remote: str) -> None:
    """Take in what others have recorded.

    Nothing is overwritten and no run is dropped: what both sides changed is merged field by field,
    and what only a person can decide stays as a value in conflict. REMOTE is `origin` by default.
    """
    from mlgit.shared_registry import take_registry
    from mlgit.sharing.remotes import transport_of
    from mlgit.sharing.sync import pull as take_in

    transport = transport_of(session.store, remote)
    with working(session.output, f"fetching from {transport.remote}"):
        pulled = take_in(session.store, transport)
        take_registry(session.store, transport.remote)
    if pulled is None:
        session.output.note(f"{transport.remote} has no store yet; `mlgit push` brings it there")
    elif not _tell(session, pulled, transport.remote):
        session.output.note(f"nothing new from {transport.remote}")


@click.command(cls=Command, examples="mlgit push\nmlgit push upstream\nmlgit push --metadata-only")
@_REMOTE
@_BY_NAME_ONLY
@pass_session
def push(session: Session, *, remote: str, metadata_only: bool) -> None:
    """Bring what is new here to where others find it.

    First the artifacts that git does not hold, to the artifact remotes (see `mlgit remote`): the
    branch moves when their bytes are there, verified. To how many of them each goes is what `mlgit
    config artifacts.copies` says; fewer are a warning. What others have brought meanwhile is taken
    in. Where many push at the same moment it may land in the inbox of the remote, which the next
    sync of anyone takes in.
    """
    from mlgit.shared import push as bring

    _share(session, remote, bring, metadata_only=metadata_only)


@click.command(cls=Command, examples="mlgit sync\nmlgit sync upstream")
@_REMOTE
@_BY_NAME_ONLY
@pass_session
def sync(session: Session, *, remote: str, metadata_only: bool) -> None:
    """Pull and push: then both sides have the same."""
    from mlgit.shared import sync as bring_together

    _share(session, remote, bring_together, metadata_only=metadata_only)


def _share(
    session: Session, remote: str, bring: Callable[..., Outcome], *, metadata_only: bool
) -> None:
    from mlgit.shared_registry import bring_registry, take_registry
    from mlgit.sharing.remotes import transport_of

    transport = transport_of(session.store, remote)

    def brought() -> Outcome:
        with moving(session.output, f"sharing with {transport.remote}") as progress:
            return bring(session.store, transport, metadata_only=metadata_only, progress=progress)

    if session.store.branch.upstream_tip() is not None:
        # Before the data branch gives up what decides, it has to stand where that is guarded.
        bring_registry(session.store, transport.remote)
    try:
        found = brought()
    except Unsupported as error:
        if not _agreed(session, error):
            raise
        found = brought()
    if found.synced.pulled is not None:
        _tell(session, found.synced.pulled, transport.remote)
        take_registry(session.store, transport.remote)
    bring_registry(session.store, transport.remote)
    _tell_bytes(session, found)
    session.output.note(_outcome(found.synced, transport.remote))


def _agreed(session: Session, error: Unsupported) -> bool:
    """Whether the user, asked at a terminal, lets mlgit use a remote that came with the branch."""
    url = error.facts.get("untrusted")
    if not isinstance(url, str) or not may_ask(session.output):
        return False
    from mlgit.holdings.trust import trust

    if not agrees(session.output, f"{error.message}. Use it?"):
        return False
    trust(url)
    return True


def _tell_bytes(session: Session, found: Outcome) -> None:
    """Say which bytes went, and which did not."""
    if found.sent:
        total = size(sum(one.size for one in found.sent))
        where = ", ".join(found.remotes)
        session.output.note(f"{counted(len(found.sent), 'artifact')} ({total}) sent to {where}")
    if found.declared:
        total = size(sum(one.size for one in found.declared.values()))
        session.output.warn(
            f"{counted(len(found.declared), 'artifact')} ({total}) in this clone only; "
            "the branch says so",
            "mlgit push, once there is an artifact remote",
        )
    if found.short:
        session.output.warn(found.short.message, found.short.hint)


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
        way = transport_of(session.store, remote)
        where, lines = way.remote, _lines(shared_state(session.store, way))
    except NotFound as error:
        if remote or error.facts.get("candidates"):
            raise
        where, lines = "", [f"not shared: {error.message}"]
    running = len(session.live())
    lines += [*_in_the_registry(session, where), *_too_few_copies(session)]
    session.output.data([*lines, *([f"{counted(running, 'run')} under way"] if running else [])])


def _in_the_registry(session: Session, remote: str) -> list[str]:
    from mlgit.registry.landed import provisional
    from mlgit.registry.proposals.proposal import proposals

    new, proposed = provisional(session.store), proposals(session.store.repository, remote)
    said = []
    if new:
        said.append(f"{counted(new, 'model version')} whose number may change until it is pushed")
    if proposed:
        said.append(f"{counted(len(proposed), 'proposal')} of promotions: mlgit proposals")
    return said


def _too_few_copies(session: Session) -> list[str]:
    from mlgit.holdings.only_here import spread

    try:
        found = spread(session.store)
        copies = session.store.settings.artifacts.copies
    except Damaged:  # settings that cannot be read; `mlgit doctor` names them
        return []
    said = {"only here": found.alone, f"on fewer than {copies} remotes": found.few}
    return [
        f"{counted(len(sizes), 'artifact')} ({size(sum(sizes.values()))}) {where}"
        for where, sizes in said.items()
        if sizes
    ]


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
