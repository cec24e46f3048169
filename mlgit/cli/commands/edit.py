"""Published runs changed by `tag`, `note`, `mv`, `rm` and `restore`; a commit for each change."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import click

from mlgit.cli.arguments import EXPERIMENT, RUN, RUN_OR_EXPERIMENT
from mlgit.cli.command import Command, pairs
from mlgit.cli.numbers import counted
from mlgit.cli.session import Session, pass_session
from mlgit.errors import InvalidState

if TYPE_CHECKING:
    from mlgit.runs.live_view import RunView


@click.command(
    cls=Command,
    examples="""
    mlgit tag @last team=risk reviewed=yes
    mlgit tag brisk-otter-12 -d reviewed
    """,
)
@click.argument("run", type=RUN)
@click.argument("tags", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("-d", "--delete", "gone", multiple=True, metavar="KEY", help="Take this tag away.")
@pass_session
def tag(session: Session, *, run: str, tags: tuple[str, ...], gone: tuple[str, ...]) -> None:
    """Set or delete tags of a run.

    Without KEY=VALUE the tags are printed.
    """
    from mlgit.runs import edit

    seen = session.seen(session.find(run).run.id)
    if not tags and not gone:
        session.output.data(f"{key}\t{value}" for key, value in _shown(session, seen))
        return
    folder = _published(seen)
    if tags:
        edit.set_tags(session.store, folder, pairs(tags, "a tag"))
    for key in gone:
        edit.delete_tag(session.store, folder, key)
    session.output.note(
        f"run {seen.run.name}: {counted(len(tags), 'tag')} set, {len(gone)} deleted"
    )


@click.command(
    cls=Command,
    examples="""
    mlgit note @last
    mlgit note @last -m "Overfits after epoch 10."
    mlgit note brisk-otter-12 -F review.md
    """,
)
@click.argument("run", type=RUN)
@click.option("-m", "--message", default=None, metavar="TEXT", help="Write this note.")
@click.option(
    "-F", "--file", type=click.File(encoding="utf-8"), help="Write what this file says; - is stdin."
)
@pass_session
def note(session: Session, *, run: str, message: str | None, file: IO[str] | None) -> None:
    """Show or write the note of a run."""
    from mlgit.runs import edit

    seen = session.seen(session.find(run).run.id)
    text = file.read() if file else message
    if text is None:
        terminal = session.output.terminal
        session.output.page([terminal.safe(line) for line in seen.run.note.splitlines()])
        return
    edit.set_note(session.store, _published(seen), text)
    session.output.note(f"run {seen.run.name}: note written")


@click.command(
    cls=Command,
    examples="""
    mlgit mv brisk-otter-12 churn-final
    mlgit mv @last @{2} "baselines"
    """,
)
@click.argument("runs", nargs=-1, required=True, type=RUN_OR_EXPERIMENT, metavar="RUN...")
@click.argument("experiment", type=EXPERIMENT)
@pass_session
def mv(session: Session, *, runs: tuple[str, ...], experiment: str) -> None:
    """Move runs to another experiment.

    It must exist: `mlgit experiments create NAME`. Where a run lies on the branch does not change.
    """
    from mlgit.runs import edit

    target = session.experiment(experiment)
    for seen in [session.seen(session.find(run).run.id) for run in runs]:
        edit.move(session.store, _published(seen), target.id)
        session.output.note(f"run {seen.run.name} -> {target.name}")


@click.command(
    cls=Command,
    examples="""
    mlgit rm brisk-otter-12
    mlgit rm $(mlgit runs "status = 'FAILED'" --format '{id}')
    """,
)
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...")
@pass_session
def rm(session: Session, *, runs: tuple[str, ...]) -> None:
    """Delete runs; `restore` brings them back.

    A deleted run is only marked: nothing is lost.
    """
    from mlgit.runs import edit

    for seen in [session.seen(session.find(run).run.id) for run in runs]:
        edit.delete(session.store, _published(seen))
        session.output.note(f"deleted {seen.run.name}; undo: mlgit restore {seen.run.id}")


@click.command(
    cls=Command,
    examples="""
    mlgit restore brisk-otter-12
    mlgit restore $(mlgit runs --deleted --format '{id}')
    """,
)
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...")
@pass_session
def restore(session: Session, *, runs: tuple[str, ...]) -> None:
    """Bring back deleted runs.

    `mlgit runs --deleted` lists them.
    """
    from mlgit.runs import edit

    for seen in [session.seen(session.find(run).run.id) for run in runs]:
        edit.restore(session.store, _published(seen))
        session.output.note(f"restored {seen.run.name}")


def _published(seen: RunView) -> str:
    """The folder of a run that nobody logs to any more.

    Raises:
        InvalidState: Somebody does.
    """
    if seen.is_live:
        raise InvalidState(
            f"run {seen.run.name} is still being logged to on this machine.",
            hint=f"end it, or take over what a dead program left: mlgit recover {seen.run.id}",
        )
    return seen.folder


def _shown(session: Session, seen: RunView) -> list[tuple[str, str]]:
    terminal = session.output.terminal
    tags = sorted(seen.run.tags.items())
    return [(terminal.safe(key), terminal.safe(value)) for key, value in tags]
