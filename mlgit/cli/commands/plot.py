"""`mlgit plot`: curves on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import METRIC, RUN
from mlgit.cli.command import Command
from mlgit.cli.lineplot import Curve, smooth
from mlgit.cli.lineplot import plot as draw
from mlgit.cli.session import Session, near, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.errors import NotFound
from mlgit.times import iso

if TYPE_CHECKING:
    from mlgit.records.metrics import Point
    from mlgit.search.lookup import Found

_COLUMNS = ("run", "step", "time", "value")


@click.command(
    cls=Command,
    examples="""
    mlgit plot val_loss @last
    mlgit plot val_acc brisk-otter-12 calm-moth-25 --smooth 0.6
    mlgit plot val_acc @last --csv > curve.csv
    """,
)
@click.argument("metric", type=METRIC)
@click.argument("runs", nargs=-1, type=RUN, metavar="[RUN]...")
@click.option(
    "--smooth",
    "weight",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="WEIGHT",
    default=0.0,
    help="Moving average; 0 is the raw curve, 0.9 very smooth.",
)
@click.option(
    "--height",
    type=click.IntRange(4, 100),
    metavar="N",
    default=15,
    help="Lines of the drawing; default 15.",
)
@shape_options
@pass_session
def plot(
    session: Session,
    *,
    metric: str,
    runs: tuple[str, ...],
    weight: float,
    height: int,
    shape: Shape,
) -> None:
    """Draw a metric of one or more runs.

    Without RUN, of the last one. The axis below is the step; other formats print the points.
    """
    found = [session.find(run) for run in runs or ("@last",)]
    series = [_series(session, one, metric) for one in found]
    documents = [
        {
            "run": one.run.name,
            "id": one.run.id,
            "step": p.step,
            "time": iso(p.timestamp),
            "value": p.value,
        }
        for one, points in zip(found, series, strict=True)
        for p in points
    ]
    curves = [
        Curve(one.run.name, smooth([(p.step, p.value) for p in points], weight))
        for one, points in zip(found, series, strict=True)
    ]
    if not shape.kind:
        shape = Shape("table")
    emit(
        session.output,
        shape,
        documents,
        _COLUMNS,
        lambda: _drawing(session, metric, curves, height),
    )


def _drawing(session: Session, metric: str, curves: Sequence[Curve], height: int) -> list[str]:
    terminal = session.output.terminal
    lines = draw(curves, terminal, height)
    if not lines:
        session.output.note(f"{metric} has no finite value to draw.")
        return []
    return [terminal.paint(terminal.safe(metric), "bold"), *lines]


def _series(session: Session, found: Found, metric: str) -> list[Point]:
    points = [point for point in session.seen(found).points if point.key == metric]
    if not points:
        raise NotFound(
            f"run {found.run.name} has no metric {metric!r}.",
            hint=f"mlgit show {found.run.name}",
            candidates=near(metric, found.run.metrics),
        )
    return points
