"""Runs changed by `tag`, `note`, `mv`, `rm` and `restore`; a commit for each change.

A run that is still being logged to takes tags and notes in a journal, which is published with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

import click

from mlgit.cli.arguments import EXPERIMENT, RUN, RUN_OR_EXPERIMENT
from mlgit.cli.command import Command, pairs
from mlgit.cli.numbers import counted
from mlgit.cli.session import Session, pass_session
from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlgit.search.lookup import Found


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
    if not tags and not gone:
        seen = session.seen(session.find(run))
        terminal = session.output.terminal
        shown = ((terminal.safe(key), terminal.safe(seen.run.tags[key])) for key in seen.run.tags)
        session.output.data(f"{key}\t{value}" for key, value in shown)
        return
    found = session.find(run)
    _tag(session, found, pairs(tags, "a tag"), gone)
    done = f"{counted(len(tags), 'tag')} set, {len(gone)} deleted"
    session.output.note(f"run {found.run.name}: {done}")


def _tag(session: Session, found: Found, tags: dict[str, str], gone: Sequence[str]) -> None:
    from mlgit.runs import edit

    if not found.folder:
        with session.logging_to(found) as live:
            live.set_tags(tags)
            for key in gone:
                live.delete_tag(key)
        return
    if tags:
        edit.set_tags(session.store, found.folder, tags)
    for key in gone:
        edit.delete_tag(session.store, found.folder, key)


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

    text = file.read() if file else message
    if text is None:
        lines = session.seen(session.find(run)).run.note.splitlines()
        session.output.page([session.output.terminal.safe(line) for line in lines])
        return
    found = session.find(run)
    if found.folder:
        edit.set_note(session.store, found.folder, text)
    else:
        with session.logging_to(found) as live:
            live.set_note(text)
    session.output.note(f"run {found.run.name}: note written")


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
    for found in [session.published(run) for run in runs]:
        edit.move(session.store, found.folder, target.id)
        session.output.note(f"run {found.run.name} -> {target.name}")


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

    for found in [session.published(run) for run in runs]:
        edit.delete(session.store, found.folder)
        session.output.note(f"deleted {found.run.name}; undo: mlgit restore {found.run.id}")


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

    `mlgit runs --deleted` lists them. A purged run is named by its whole id, and is read from the
    history of the branch.
    """
    from mlgit.runs import edit, purge

    for folder, is_purged in [_restorable(session, run) for run in runs]:
        restored = (purge if is_purged else edit).restore(session.store, folder)
        session.output.note(f"restored {restored.name}")


def _restorable(session: Session, run: str) -> tuple[str, bool]:
    """The folder of a run, and whether the run was purged."""
    try:
        return session.published(run).folder, False
    except NotFound:
        from mlgit.store.past import purged_folder

        folder = purged_folder(session.store.snapshot(), run)
        if not folder:
            raise
        return folder, True
