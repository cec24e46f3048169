"""`mlgit demo`: a first look at real runs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mlgit.cli.command import Command
from mlgit.cli.session import Session, pass_session

_SCENES = (
    ("runs", "--table"),
    ("compare", "@best:val_acc", "@last", "--table"),
    ("plot", "val_loss", "@best:val_loss", "--height", "8"),
)


@click.command(
    cls=Command,
    examples="""
    mlgit demo
    mlgit demo /tmp/try-mlgit
    """,
)
@click.argument("directory", default="mlgit-demo", type=click.Path(file_okay=False, path_type=Path))
@pass_session
@click.pass_context
def demo(ctx: click.Context, session: Session, *, directory: Path) -> None:
    """Make a small repository with runs to try things on.

    Trains a few scikit-learn models in DIRECTORY (mlgit-demo) and records them, from Python and
    from a shell; then shows the table, a comparison and a curve. Needs scikit-learn.
    """
    from mlgit.cli.main import root
    from mlgit.demo import prepare, record

    place = prepare(directory)
    session.output.note(f"Training in {directory} ...")
    for program in record(place):
        session.output.note(f"  done: {program}")
    os.chdir(place)
    session.place = Path.cwd()
    for scene in _SCENES:
        session.output.data([f"\n$ mlgit {' '.join(word for word in scene if word != '--table')}"])
        name, *words = scene
        command = root.get_command(ctx, name)
        assert command is not None
        with command.make_context(name, words, parent=ctx.find_root()) as context:
            command.invoke(context)
    session.output.note(f"\nGo on: cd {directory} && mlgit runs --help")
