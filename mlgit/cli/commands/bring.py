"""`mlgit import` and `mlgit export`: runs from other tools, and back to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Group
from mlgit.cli.numbers import counted
from mlgit.cli.progress import working
from mlgit.cli.session import Session, pass_session

if TYPE_CHECKING:
    from mlgit.bridges.exporting.stored import Exported
    from mlgit.bridges.importing.bring import Brought
    from mlgit.bridges.sources.source import Source

_NAMED = 20  # losses that are named before the rest is only counted
_FOLDER = click.Path(path_type=Path)


@click.group(
    "import",
    cls=Group,
    examples="""
    mlgit import mlflow mlruns/
    mlgit import mlflow sqlite:///mlflow.db
    """,
)
def import_() -> None:
    """Bring runs over from another tool.

    Nothing is changed in the source. Runs keep their ids, names, times and points; what has no
    place here is named. What is here already stays as it is, so the same import again takes only
    what is new, also after it was cut off.
    """


@import_.command(
    examples="""
    mlgit import mlflow mlruns/
    mlgit import mlflow mlflow.db --artifacts /mnt/artifacts
    mlgit import mlflow http://localhost:5000 --remote-artifacts
    """
)
@click.argument("source", metavar="SOURCE")
@click.option(
    "--artifacts",
    "folders",
    multiple=True,
    type=_FOLDER,
    metavar="DIR",
    help="A folder besides the source's own that artifacts may be taken from.",
)
@click.option(
    "--remote-artifacts",
    "remote",
    is_flag=True,
    help="Also copy artifacts from buckets and servers.",
)
@pass_session
def mlflow(session: Session, *, source: str, folders: tuple[Path, ...], remote: bool) -> None:
    """Bring everything over from MLflow: runs, logged models and the registry.

    SOURCE is a folder mlruns/, a file mlflow.db, or the address of a server or another database,
    which MLflow itself has to be installed for. Folders that were moved and files that MLflow does
    not open any more are read as far as they go.
    """
    from mlgit.bridges.sources.mlflow import open_mlflow

    _bring(session, lambda: open_mlflow(source, folders), remote=remote)


@import_.command(
    examples="""
    mlgit import tensorboard runs/
    mlgit import tensorboard lightning_logs/version_3
    """
)
@click.argument("source", type=_FOLDER)
@pass_session
def tensorboard(session: Session, *, source: Path) -> None:
    """Bring over scalars, hyperparameters and texts from TensorBoard's event files.

    Each folder with event files is a run, SOURCE the experiment. Needs `pip install tensorboard`.
    """
    _bring_tool(session, "tensorboard", source)


@import_.command(
    examples="""
    mlgit import wandb wandb/
    mlgit import wandb wandb/offline-run-20261124_112640-9uymfxm8
    """
)
@click.argument("source", type=_FOLDER)
@pass_session
def wandb(session: Session, *, source: Path) -> None:
    """Bring over runs that W&B recorded offline, each with its files.

    SOURCE is a folder wandb/ or one run in it. Needs `pip install wandb`.
    """
    _bring_tool(session, "wandb", source)


@import_.command(
    examples="""
    mlgit import dvc .
    mlgit import dvc ../project/dvclive
    """
)
@click.argument("source", type=_FOLDER)
@pass_session
def dvc(session: Session, *, source: Path) -> None:
    """Bring over the experiments of DVC, and what DVCLive has written last.

    SOURCE is a repository, whose experiments are read from their commits, or a folder of DVCLive.
    """
    _bring_tool(session, "dvc", source)


@import_.command(
    examples="""
    mlgit import trackio ~/.cache/huggingface/trackio
    mlgit import trackio ~/.cache/huggingface/trackio/demo.db
    """
)
@click.argument("source", type=_FOLDER)
@pass_session
def trackio(session: Session, *, source: Path) -> None:
    """Bring over a project of trackio, or all of them from their folder."""
    _bring_tool(session, "trackio", source)


@import_.command(
    examples="""
    mlgit import sacred my_runs/
    mlgit import sacred /scratch/runs
    """
)
@click.argument("source", type=_FOLDER)
@pass_session
def sacred(session: Session, *, source: Path) -> None:
    """Bring over the runs of Sacred's FileStorageObserver."""
    _bring_tool(session, "sacred", source)


@import_.command(
    "csv",
    examples="""
    mlgit import csv runs.csv
    mlgit import csv lightning_logs/version_3/metrics.csv
    """,
)
@click.argument("source", type=_FOLDER)
@pass_session
def table(session: Session, *, source: Path) -> None:
    """Bring over a CSV file: a row for each run, or for each step.

    Columns params.x, metrics.x and tags.x are what they say. A column step makes the rows steps, of
    the run that a column run (or run_id, name) says. Of other columns, those that hold only numbers
    are metrics, and the rest parameters; so are, among steps, those that never change in a run.
    The columns experiment, status, start_time and end_time are what they are called.
    """
    _bring_tool(session, "csv", source)


def _bring_tool(session: Session, name: str, source: Path) -> None:
    from mlgit.bridges.sources.tools import open_tool

    _bring(session, lambda: open_tool(name, source))


def _bring(session: Session, open_source: Callable[[], Source], *, remote: bool = False) -> None:
    from mlgit.bridges.importing.bring import bring

    source = open_source()
    with working(session.output, f"reading {source.title}"):
        found = bring(session.store, source, remote=remote)
    _tell(session, found, f"from {source.title}")
    if found.unfinished:
        what = counted(found.unfinished, "run")
        session.output.note(f"{what} had not ended there: import again then")


@click.group(
    cls=Group,
    examples="""
    mlgit export mlflow mlruns/
    mlgit export mlflow sqlite:///mlflow.db
    """,
)
def export() -> None:
    """Write the store out for another tool.

    What is there already stays as it is, so the same export again writes only what is new.
    """


@export.command(
    "mlflow",
    examples="""
    mlgit export mlflow mlruns/
    mlgit export mlflow sqlite:///mlflow.db
    """,
)
@click.argument("target", metavar="TARGET")
@pass_session
def to_mlflow(session: Session, *, target: str) -> None:
    """Write everything out for MLflow: runs, logged models, the registry and artifacts.

    TARGET is a folder for MLflow's file store, or a SQLite file, whose tables MLflow itself makes
    and has to be installed for. Ids, times and points are the same there.
    """
    from mlgit.bridges.exporting.export import export as write_out
    from mlgit.bridges.exporting.mlflow import open_sink

    sink = open_sink(target)
    with working(session.output, f"writing {sink.title}"):
        found = write_out(session.store, sink)
    _tell(session, found, f"to {sink.title}")


def _tell(session: Session, found: Brought | Exported, title: str) -> None:
    output = session.output
    for loss in found.lost[:_NAMED]:
        output.warn(f"{loss.what}: {loss.reason}")
    if len(found.lost) > _NAMED:
        output.warn(f"{counted(len(found.lost) - _NAMED, 'more thing')} could not be carried as is")
    output.note(f"{counted(found.runs, 'run')} {title}")
    if found.known:
        output.note(f"{counted(found.known, 'run')} {_were(found.known)} known already")
    for number, what in ((found.models, "logged model"), (found.versions, "version")):
        if number:
            output.note(counted(number, what))


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
