"""`mlgit best`: the run with the best value of a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import EXPERIMENT, METRIC
from mlgit.cli.command import Command
from mlgit.cli.document import run_document
from mlgit.cli.numbers import number
from mlgit.cli.session import Session, near, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlgit.search.lookup import Found


@click.command(
    cls=Command,
    examples="""
    mlgit best val_acc
    mlgit best val_loss -e churn --json
    mlgit show $(mlgit best val_acc --format '{id}')
    """,
)
@click.argument("metric", type=METRIC)
@click.option("--min/--max", "lowest", default=None, help="Which way is better; else by its name.")
@click.option(
    "-n", "count", type=click.IntRange(min=1), metavar="N", default=1, help="So many; default 1."
)
@click.option("-e", "--experiment", default="", type=EXPERIMENT, help="Of this one only.")
@shape_options
@pass_session
def best(
    session: Session, *, metric: str, lowest: bool | None, count: int, experiment: str, shape: Shape
) -> None:
    """Name the run with the best value of a metric.

    Finished runs with a finite value count; of equals the newest is first. A loss, an error or a
    time is better the lower it is, all else the higher.
    """
    found = _best(session, metric, lowest, count, experiment)
    documents = [run_document(one.run, one.experiment) for one in found]
    emit(
        session.output,
        shape,
        documents,
        ["id", "name", "experiment", f"metrics.{metric}"],
        lambda: [_line(session, one, metric) for one in found],
    )


def _best(
    session: Session, metric: str, lowest: bool | None, count: int, experiment: str
) -> list[Found]:
    from mlgit.search.best import best_first

    ids = [session.experiment(experiment).id] if experiment else None
    question = best_first(metric, lowest, ids)
    found = session.index.find(question, limit=count)
    if not found:
        raise NotFound(
            f"no finished run has the metric {metric!r}.",
            hint="mlgit runs --columns all",
            candidates=near(metric, session.index.keys().metrics),
        )
    return found


def _line(session: Session, found: Found, metric: str) -> str:
    terminal, run = session.output.terminal, found.run
    name = terminal.paint(terminal.safe(run.name), "bold")
    value = number(run.metrics[metric].last)
    said = terminal.safe(f"{metric} {value}   {found.experiment}   {run.id[:8]}")
    return f"{name}   {said}"
