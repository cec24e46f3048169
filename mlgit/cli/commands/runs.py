"""`mlgit runs`: the list of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mlgit.cli import columns, listing
from mlgit.cli.arguments import EXPERIMENT, FIELD
from mlgit.cli.columns import Selection
from mlgit.cli.command import Command
from mlgit.cli.document import run_document
from mlgit.cli.numbers import counted
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.sparkline import sparkline
from mlgit.cli.table import lay_out
from mlgit.search.judging import primary_metric
from mlgit.search.question import Question
from mlgit.times import now_ms

if TYPE_CHECKING:
    from mlgit.search.lookup import Found

_SHOWN = 20  # runs in a table that was not asked for more
_DRAWN = 50  # runs whose points are read for a trend
_TREND = 8  # its columns


class Choice(NamedTuple):
    """What of the list was asked for; `limit` None means as many as suit the reader."""

    query: str
    sort: Sequence[str]
    columns: str
    limit: int | None
    everything: bool
    experiments: Sequence[str]
    deleted: bool


@click.command(
    cls=Command,
    examples="""
    mlgit runs
    mlgit runs "metrics.acc > 0.9 AND params.model = 'gbdt'" --sort -acc
    mlgit runs -e churn --columns acc,lr,user,took
    mlgit runs "start > '7d ago'" --json
    """,
)
@click.argument("query", metavar="[FILTER]", default="")
@click.option(
    "-s",
    "--sort",
    multiple=True,
    metavar="[-]NAME",
    type=FIELD,
    help="Sort by an attribute, metric, parameter or tag; - for largest first.",
)
@click.option("--columns", default="", metavar="NAME,...", help="Show these; `all` for every one.")
@click.option(
    "-n", "limit", type=click.IntRange(min=1), metavar="N", help="At most so many; 20 in a table."
)
@click.option("--all", "everything", is_flag=True, help="Show every run, however many.")
@click.option(
    "-e", "--experiment", "experiments", multiple=True, type=EXPERIMENT, help="Of this one only."
)
@click.option("--deleted", is_flag=True, help="Show deleted runs instead.")
@shape_options
@pass_session
def runs(session: Session, /, *, shape: Shape, **choice: Any) -> None:
    """List runs: metrics first, then what varies.

    Newest first. The best run is marked *, running ones ▶, failed ones ✗. FILTER is explained by
    `mlgit help filters`.
    """
    show_runs(session, shape, Choice(**choice))


def show_runs(session: Session, shape: Shape, choice: Choice) -> None:
    """Search, print, and say below what is not shown."""
    question = _question(session, choice)
    table = shape.on(session.output) == "table"
    suited = _SHOWN if table and not choice.everything else None
    live = session.live()
    found = session.index.find(question, limit=choice.limit or suited, live=live)
    documents = [run_document(one.run, one.experiment) for one in found]
    selection = _selection(session, choice, found, documents)
    head = ["id", "name", "experiment", "status", "start"]
    asked = choice.columns not in {"", "all"}
    paths = selection.paths if asked else list(dict.fromkeys([*head, *selection.paths]))
    lines, narrow = _table(session, found, documents, selection) if table else ([], [])
    emit(session.output, shape, documents, paths, lambda: lines)
    if table:
        more = session.index.count(question, live=live) - len(found)
        _foot(session, choice, _hidden(session, more, selection, narrow), empty=not found)
    _warn_of_damage(session)


def _question(session: Session, choice: Choice) -> Question:
    from mlgit.search.order import named_order
    from mlgit.search.query import parse
    from mlgit.search.question import View

    names = [name for names in choice.sort for name in names.split(",")]
    keys = session.index.keys() if names else None
    wanted = [session.experiment(name).id for name in choice.experiments]
    return Question(
        expression=parse(choice.query),
        order=tuple(named_order(name, keys) for name in names if keys),
        experiment_ids=wanted or None,
        view=View.DELETED if choice.deleted else View.ACTIVE,
    )


def _selection(
    session: Session, choice: Choice, found: Sequence[Found], documents: Sequence[dict[str, Any]]
) -> Selection:
    if choice.columns == "all":
        return columns.every_column(documents)
    if choice.columns:
        keys = session.index.keys()
        names = filter(None, map(str.strip, choice.columns.split(",")))
        return Selection([columns.path_of(name, keys) for name in names])
    sorted_by = ",".join(choice.sort).split(",")[0].lstrip("-+").removeprefix("metrics.")
    known = {key for one in found for key in one.run.metrics}
    first = sorted_by if sorted_by in known else primary_metric(one.run for one in found)
    return columns.usual_columns(documents, first)


def _table(
    session: Session,
    found: Sequence[Found],
    documents: Sequence[dict[str, Any]],
    selection: Selection,
) -> tuple[list[str], list[str]]:
    """The lines, and the headings that the terminal is too narrow for."""
    terminal = session.output.terminal
    if not found:
        return [], []
    metrics = [path for path in selection.paths if path.startswith("metrics.")]
    trends = _trends(session, found, metrics[0].partition(".")[2]) if metrics else {}
    shown = listing.table_columns(documents, selection.paths, terminal, now_ms(), trends)
    return lay_out(shown, terminal)


def _trends(session: Session, found: Sequence[Found], metric: str) -> dict[str, str]:
    """The course of a metric by run id, for runs that have one."""
    if len(found) > _DRAWN:
        return {}
    trends = {}
    for one in found:
        summary = one.run.metrics.get(metric)
        if summary is not None and summary.points > 1:
            values = [point.value for point in session.seen(one).outline if point.key == metric]
            unicode = session.output.terminal.unicode
            trends[one.run.id] = sparkline(values, _TREND, unicode=unicode)
    return trends


def _hidden(session: Session, more: int, selection: Selection, narrow: Sequence[str]) -> str:
    """What the table leaves out, in one line."""
    ellipsis = session.output.talk.pick("…", "...")
    counted = f"{ellipsis} {more} more (--all)." if more > 0 else ""
    cut = f"Too narrow for {', '.join(narrow)}." if narrow else ""
    return "  ".join(filter(None, (counted, selection.hidden(), cut)))


def _foot(session: Session, choice: Choice, hidden: str, *, empty: bool) -> None:
    """One line below the table; a hint where there is nothing."""
    if empty:
        asked = choice.query or choice.experiments or choice.deleted
        hidden = "No run is like that." if asked else "No runs yet: mlgit log-run -m acc=0.93"
    if hidden:
        session.output.note(hidden)


def _warn_of_damage(session: Session) -> None:
    damaged = session.index.damage()
    if damaged:
        first = f"{damaged[0].path}: {damaged[0].reason}"
        session.output.warn(
            f"{counted(len(damaged), 'record')} left out that cannot be read, first {first}",
            "mlgit check",
        )
