"""`mlgit forget`: out of the store, and out of its history."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import RUN
from mlgit.cli.asking import require_yes
from mlgit.cli.command import Command
from mlgit.cli.failure import UsageError
from mlgit.cli.numbers import counted
from mlgit.cli.progress import working
from mlgit.cli.session import Session, pass_session
from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlgit.sharing.forget import Plan, Wanted

_HOUR = 3600.0
_HELP = "mlgit forget --help"


@click.command(
    cls=Command,
    examples="""
    mlgit forget brisk-otter-12
    mlgit forget @last --param api_key --file code.patch
    mlgit forget @last --artifact customers.csv --reason "not ours to keep"
    mlgit forget --text --yes < leaked-password.txt
    mlgit forget --registry
    """,
)
@click.argument("runs", nargs=-1, type=RUN, metavar="[RUN]...")
@click.option("--artifact", "artifacts", multiple=True, metavar="PATH", help="Only this artifact.")
@click.option("--param", "params", multiple=True, metavar="KEY", help="Only this parameter.")
@click.option("--tag", "tags", multiple=True, metavar="KEY", help="Only this tag.")
@click.option("--file", "files", multiple=True, metavar="NAME", help="Only code.patch or such.")
@click.option("--text", "by_text", is_flag=True, help="Ask for a text, or read it from stdin.")
@click.option("--history", is_flag=True, help="Give up the history; the store stays as it is.")
@click.option(
    "--registry", is_flag=True, help="Give up that of the branch that guards the registry."
)
@click.option("--reason", default="", metavar="TEXT", help="Say why to those who come across it.")
@click.option("--prune", is_flag=True, help="Run `git gc --prune=now` afterwards.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would go.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def forget(
    session: Session,
    *,
    runs: tuple[str, ...],
    artifacts: tuple[str, ...],
    params: tuple[str, ...],
    tags: tuple[str, ...],
    files: tuple[str, ...],
    by_text: bool,
    history: bool,
    registry: bool,
    reason: str,
    prune: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Take something out of the store and out of its history.

    A password that was logged, a file that should not be there, two gigabytes by accident: a run,
    parts of it, or with --text a text wherever records hold it, which is never given on the command
    line. The branch begins anew without it, in a new epoch. The next `mlgit sync` replaces the
    branch at the remote; clones that pull then follow, keep what is new in them, and never bring
    the old history back. It cannot be undone.

    A branch that guards the registry was cut from the store's and has that history, too. With
    --registry it begins anew, here and at the remote at once; what it says stays as it is.
    """
    from mlgit.sharing.forget import Wanted

    parts = (artifacts, params, tags, files)
    if sum((bool(runs), by_text, history, registry)) != 1 or (any(parts) and not runs):
        raise UsageError("name runs, or one of --text, --history, --registry.", _HELP)
    if registry:
        _begin_registry_anew(session, dry_run=dry_run, yes=yes)
        return
    folders = tuple(_folder(session, run) for run in runs)
    wanted = Wanted(folders, *parts, text=_secret() if by_text else "", reason=reason)
    found = _shown(session, wanted)
    if dry_run:
        return
    amount = counted(len(found.forgotten), "thing")
    what = f"{amount} and the history before now" if found.forgotten else "the history before now"
    require_yes(session.output, f"Forget {what}?", yes=yes)
    _forget(session, wanted)
    _tell(session, prune=prune)


def _begin_registry_anew(session: Session, *, dry_run: bool, yes: bool) -> None:
    from mlgit.registry.guarded import guarded_branch
    from mlgit.shared_registry import begin_anew

    branch = guarded_branch(session.store)
    if branch is session.store.branch:
        raise NotFound("no branch of its own guards the registry.", "mlgit forget --history")
    session.output.note(f"the history of {branch.name} goes; what it says stays")
    if dry_run:
        return
    require_yes(session.output, f"Begin {branch.name} anew?", yes=yes)
    with working(session.output, "beginning the branch anew"):
        begin_anew(session.store)


def _folder(session: Session, run: str) -> str:
    try:
        return session.published(run).folder
    except NotFound:
        from mlgit.store.past import purged_folder

        folder = purged_folder(session.store.snapshot(), run)
        if not folder:
            raise
        return folder


def _secret() -> str:
    """A text that no list of processes and no history of a shell shows."""
    if sys.stdin.isatty():
        return str(click.prompt("Text to forget", hide_input=True, err=True))
    return sys.stdin.read().removesuffix("\n")


def _shown(session: Session, wanted: Wanted) -> Plan:
    """Say what would go, and what holds the text and would not."""
    from mlgit.sharing.forget import plan

    with working(session.output, "reading every record"):
        found = plan(session.store, wanted)
    session.output.data(session.output.terminal.safe(one) for one in sorted(found.forgotten))
    for path in found.held:
        session.output.warn(f"{path} holds it and stays", "mlgit forget RUN, or --artifact PATH")
    if wanted.text and not found.forgotten:
        raise NotFound(
            "no record that can be rewritten holds that text now.",
            "earlier commits may: mlgit forget --history",
        )
    return found


def _forget(session: Session, wanted: Wanted) -> None:
    from mlgit.sharing.forget import forget as take_away

    with working(session.output, "beginning the history anew"):
        done = take_away(session.store, wanted)
    session.output.note(f"epoch {done.epoch} begins; the history before is given up")


def _tell(session: Session, *, prune: bool) -> None:
    """Say where it may still be, and what to do there."""
    from mlgit.process import git
    from mlgit.registry.guarded import SUFFIX
    from mlgit.sharing.holders import holders

    output, repository = session.output, session.store.repository
    if prune:
        with working(output, "git gc --prune=now"):
            git(["gc", "--quiet", "--prune=now"], git_dir=repository.git_dir, timeout=_HOUR)
    found = holders(session.store)
    for holder in found:
        output.note(f"{holder} still reaches it")
    if any(holder.endswith(f"/{session.store.branch.name}{SUFFIX}") for holder in found):
        output.note("mlgit forget --registry    begins the branch that guards the registry anew")
    if repository.config.subsections("remote"):
        output.note("mlgit sync    brings the new epoch to others; their clones follow")
    if not prune:
        output.note("git gc --prune=now    removes its bytes from this clone")
    output.note("Forks, backups and what a forge keeps may hold it: change what was secret.")
