"""`mlgit flush`, `import-runs`: what was recorded elsewhere, brought into this store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Command
from mlgit.cli.numbers import counted
from mlgit.cli.progress import working
from mlgit.cli.session import Session, pass_session
from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlgit.importing import Imported
    from mlgit.runs.spool.land import Flushed

_NAMED = 10  # paths that are named before the rest is only counted
_HOSTILE = "no store may hold it; ask where the source comes from"
_RECOVER = click.option(
    "--recover",
    is_flag=True,
    help="Also runs that are damaged, or whose program has been silent for ten minutes.",
)


@click.command(
    cls=Command,
    examples="""
    mlgit flush
    mlgit flush /shared/spool --recover
    """,
)
@click.argument("folder", default=None, required=False, metavar="[DIR]", type=click.Path())
@_RECOVER
@pass_session
@click.pass_context
def flush(ctx: click.Context, session: Session, *, folder: str | None, recover: bool) -> None:
    """Publish the ended runs of a spool.

    All of them become one commit; when that is safe they are taken out of the spool. Flushing
    twice, or from two clones, is harmless. DIR is MLGIT_SPOOL unless given. Ends with 1 where a
    run could not be taken: it stays in the spool, and the others are published.
    """
    from mlgit.runs.spool.land import flush as bring_in

    place = _place(session, folder)
    with working(session.output, f"reading {place}"):
        found = bring_in(session.store, place, recover=recover)
    _tell(session, found, str(place))
    if found.problems:
        ctx.exit(1)


def _place(session: Session, folder: str | None) -> Path:
    from mlgit.runs.spool.folder import named_spool, own_spool

    own = own_spool(session.store)
    place = Path(folder) if folder else named_spool() or own
    if not place.is_dir():
        hint = "mlgit flush DIR, or set MLGIT_SPOOL"
        raise NotFound("no spool is in use here" if place == own else f"no folder {place}", hint)
    return place


def _tell(session: Session, found: Flushed, place: str) -> None:
    session.output.note(f"{counted(len(found.landed), 'run')} from {place}")
    if found.known:
        were = "was" if found.known == 1 else "were"
        session.output.note(f"{counted(found.known, 'run')} {were} here already")
    _tell_left(session, found)


def _tell_left(session: Session, found: Flushed) -> None:
    """Say which runs were not taken, or not whole."""
    output = session.output
    for run_id, problem in found.problems:
        output.warn(f"run {run_id}: {problem.message}", problem.hint)
    if found.writing:
        output.note(f"{counted(found.writing, 'run')} left: a program may still write there")
    if found.lost:
        shown = ", ".join(found.lost[:3]) + (", …" if len(found.lost) > 3 else "")
        output.warn(
            f"the program of {counted(len(found.lost), 'run')} fell silent: {shown}",
            "give --recover to publish what they logged",
        )


@click.command(
    cls=Command,
    name="import-runs",
    examples="""
    mlgit import-runs ../other-project
    mlgit import-runs /backup/project/.git --recover
    mlgit import-runs https://git.example.org/risk/churn.git
    """,
)
@click.argument("source", metavar="PATH|URL")
@_RECOVER
@pass_session
@click.pass_context
def import_runs(ctx: click.Context, session: Session, *, source: str, recover: bool) -> None:
    """Take in all that another store holds and this one lacks.

    The source is a repository, a copy of its `.git`, a spool or a URL. Its branch is merged, runs
    that it has not published are, too, and artifacts that only its disk holds are copied. Nothing
    is changed there, and nothing is run there. Doing it again is harmless. Ends with 1 where
    something could not be read.
    """
    from mlgit.importing import import_runs as bring_in

    with working(session.output, f"reading {source}"):
        found = bring_in(session.store, source, recover=recover)
    _tell_import(session, found, source)
    if found.unread or found.journals.problems:
        ctx.exit(1)


def _tell_import(session: Session, found: Imported, source: str) -> None:
    output = session.output
    for path in found.open:
        output.warn(f"both sides changed {path}", "mlgit conflicts")
    for held in found.held[:_NAMED]:
        output.warn(f"left out {held.path}: it {held.reason}", _HOSTILE)
    if len(found.held) > _NAMED:
        output.warn(f"left out {counted(len(found.held) - _NAMED, 'more path')}", _HOSTILE)
    for error in found.unread:
        output.warn(error.message, error.hint)
    new = found.runs + len(found.journals.landed)
    output.note(f"{counted(new, 'run')} from {source}" if new else f"no new run from {source}")
    _tell_left(session, found.journals)
    if found.artifacts:
        output.note(f"{counted(found.artifacts, 'artifact')} copied")
