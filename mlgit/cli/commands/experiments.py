"""`mlgit experiments`: list them, make, rename, delete and restore them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import EXPERIMENT
from mlgit.cli.command import Group
from mlgit.cli.document import experiment_document
from mlgit.cli.numbers import ago
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.times import now_ms

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment

_COLUMNS = ("id", "name", "runs", "created", "lifecycle", "note")


@click.group(
    cls=Group,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND] [ARGS]...",
    examples="""
    mlgit experiments
    mlgit experiments --json
    mlgit experiments create churn --note "monthly model"
    """,
)
@click.option("--deleted", is_flag=True, help="List deleted experiments instead.")
@shape_options
@pass_session
@click.pass_context
def experiments(ctx: click.Context, session: Session, *, deleted: bool, shape: Shape) -> None:
    """List and manage experiments.

    An experiment is a named group of runs; a new one also comes with its first run.
    """
    if ctx.invoked_subcommand is not None:
        return
    lifecycle = "deleted" if deleted else "active"
    found = [one for one in session.index.experiments() if one.lifecycle == lifecycle]
    found.sort(key=lambda one: one.name)
    counts = _counts(session, deleted=deleted)
    documents = [experiment_document(one, counts[one.id]) for one in found]
    emit(session.output, shape, documents, _COLUMNS, lambda: _table(session, found, counts))
    if not found:
        session.output.note(f"No {lifecycle} experiments.")


@experiments.command(
    examples="""
    mlgit experiments create churn
    mlgit experiments create churn -t team=risk --note "monthly model"
    """
)
@click.argument("name")
@click.option("-t", "--tag", "tags", multiple=True, metavar="K=V", help="A tag.")
@click.option("--note", default="", help="A description.")
@pass_session
def create(session: Session, *, name: str, tags: tuple[str, ...], note: str) -> None:
    """Make an experiment; its id is printed."""
    from mlgit.cli.command import pairs
    from mlgit.runs.experiments import create as make

    given = pairs(tags, "a tag")
    made = make(session.store, name, tags={**given, "mlflow.note.content": note} if note else given)
    session.output.data([made.id])
    session.output.note(f"created the experiment {made.name}")


@experiments.command(
    examples="""
    mlgit experiments rename churn churn-2026
    mlgit experiments rename 415873512907465218 churn
    """
)
@click.argument("experiment", type=EXPERIMENT)
@click.argument("name")
@pass_session
def rename(session: Session, *, experiment: str, name: str) -> None:
    """Give an experiment another name."""
    from mlgit.runs.experiments import rename as rename_to

    renamed = rename_to(session.store, session.experiment(experiment).id, name)
    session.output.note(f"{experiment} is called {renamed.name} now")


@experiments.command(
    examples="""
    mlgit experiments rm scratch
    mlgit experiments rm 415873512907465218
    """
)
@click.argument("experiment", type=EXPERIMENT)
@pass_session
def rm(session: Session, *, experiment: str) -> None:
    """Delete an experiment and its runs; `restore` brings them back."""
    from mlgit.runs.experiments import delete

    gone = delete(session.store, session.experiment(experiment).id)
    session.output.note(f"deleted {gone.name}; undo: mlgit experiments restore {gone.id}")


@experiments.command(
    examples="""
    mlgit experiments restore scratch
    mlgit experiments restore 415873512907465218
    """
)
@click.argument("experiment", type=EXPERIMENT)
@pass_session
def restore(session: Session, *, experiment: str) -> None:
    """Bring back a deleted experiment and its runs."""
    from mlgit.runs.experiments import restore as bring_back

    back = bring_back(session.store, session.experiment(experiment).id)
    session.output.note(f"restored {back.name}")


def _counts(session: Session, *, deleted: bool) -> Counter[str]:
    """How many runs each experiment holds, by its id."""
    from mlgit.search.question import Question, View

    view = View.DELETED if deleted else View.ACTIVE
    counts: Counter[str] = Counter()
    for experiment in session.index.experiments():
        question = Question(experiment_ids=[experiment.id], view=view)
        counts[experiment.id] = session.index.count(question, live=session.live())
    return counts


def _table(session: Session, found: Sequence[Experiment], counts: Counter[str]) -> list[str]:
    if not found:
        return []
    now = now_ms()
    columns = [
        Column("EXPERIMENT", [Cell(one.name) for one in found], limit=40),
        Column("runs", [Cell(str(counts[one.id])) for one in found], right=True),
        Column("created", [Cell(ago(one.created, now)) for one in found]),
        Column("id", [Cell(one.id) for one in found]),
        Column("note", [Cell(one.note.partition("\n")[0]) for one in found], limit=60),
    ]
    return lay_out(columns, session.output.terminal)[0]
