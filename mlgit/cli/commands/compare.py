"""`mlgit compare`: runs beside a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from mlgit.cli.arguments import RUN
from mlgit.cli.command import Command
from mlgit.cli.comparison import Facts, Row, Value, rows_of
from mlgit.cli.machine import Document, text
from mlgit.cli.numbers import counted, number
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out

if TYPE_CHECKING:
    from mlgit.cli.terminal import Terminal


@click.command(
    cls=Command,
    examples="""
    mlgit compare @best:val_acc @last
    mlgit compare brisk-otter-12 calm-moth-25 dry-wolf-7 --all
    mlgit compare 3f2a 91bc --markdown >> summary.md
    """,
)
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN RUN...")
@click.option("--all", "everything", is_flag=True, help="Show equal values too.")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@shape_options
@pass_session
def compare(
    session: Session, *, runs: tuple[str, ...], everything: bool, markdown: bool, shape: Shape
) -> None:
    """Compare runs with a baseline: only what differs.

    The first RUN is the baseline. Metrics show how far they moved from it, in percent.
    """
    if len(runs) < 2:
        raise click.UsageError("compare needs two runs or more")
    facts = [session.facts(session.find(run)) for run in runs]
    rows = list(rows_of(facts))
    shown = rows if everything else [row for row in rows if row.differs]
    names = _headings(facts)
    if markdown:
        session.output.data(markdown_table(names, shown))
    else:
        documents = [_document(names, row) for row in shown]
        columns = ["key", *(f"values.{name}" for name in names)]
        terminal = session.output.terminal
        emit(session.output, shape, documents, columns, lambda: table(names, shown, terminal))
    session.output.note(_footer(rows, shown, runs))


def table(names: Sequence[str], rows: Sequence[Row], terminal: Terminal) -> list[str]:
    """Keys down, runs across; after each run but the first, how its metrics moved."""
    columns = [Column("", [Cell(row.name) for row in rows], limit=40)]
    for index, name in enumerate(names):
        cells = [Cell(_short(row.values[index])) for row in rows]
        columns.append(Column(name, cells, right=True, limit=28))
        if index:
            moved = [_moved(row, index, terminal) for row in rows]
            columns.append(Column(terminal.pick("Δ", "change"), moved, right=True))
    return lay_out(columns, terminal)[0]


def markdown_table(names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """The same as a table for a pull request; nothing in a name or value does anything there."""
    from mlgit.registry.markdown import code
    from mlgit.registry.markdown import table as markdown

    cells = [
        [
            code(row.name),
            *(
                " ".join(filter(None, (_in_markdown(value), f"({moved})" if moved else "")))
                for value, moved in zip(row.values, _changes(row), strict=True)
            ),
        ]
        for row in rows
    ]
    return markdown(["", *map(code, names)], cells, "l" + "r" * len(names))


def _in_markdown(value: Value) -> str:
    from mlgit.registry.markdown import code

    return number(value) if isinstance(value, float) else code(text(value))


def _headings(facts: Sequence[Facts]) -> list[str]:
    """Names of the runs; ids where two share a name."""
    names = [one.run.name for one in facts]
    return [
        one.run.id[:8] if names.count(one.run.name) > 1 or not one.run.name else one.run.name
        for one in facts
    ]


def _document(names: Sequence[str], row: Row) -> Document:
    document: dict[str, Any] = {"key": row.name}
    document["values"] = dict(zip(names, row.values, strict=True))
    document["changes"] = dict(zip(names, _changes(row), strict=True))
    return document


def _changes(row: Row) -> list[str]:
    return ["", *(row.change(index) for index in range(1, len(row.values)))]


def _moved(row: Row, index: int, terminal: Terminal) -> Cell:
    verdict = row.verdict(index)
    mark = {1: terminal.pick(" ▲", " better"), -1: terminal.pick(" ▼", " worse")}.get(verdict, "")
    style = {1: ("green",), -1: ("red",)}.get(verdict, ())
    return Cell(row.change(index) + mark, style)


def _short(value: Value) -> str:
    return number(value) if isinstance(value, float) else text(value)


def _footer(rows: Sequence[Row], shown: Sequence[Row], runs: Sequence[str]) -> str:
    """What is equal, and the way to the curves."""
    hidden = sum(row.section != "env" for row in rows) - sum(row.section != "env" for row in shown)
    different = {row.section for row in rows if row.differs}
    known = {row.section for row in rows if any(value is not None for value in row.values)}
    same = [name for name in ("code", "env", "data") if name in known - different]
    metric = next((row.key for row in rows if row.section == "metrics"), "")
    said = (
        f"Same {', '.join(same)}." if same else "",
        f"{counted(hidden, 'equal value')} hidden (--all)." if hidden else "",
        f"Curves: mlgit plot {metric} {' '.join(runs)}" if metric else "",
    )
    return "  ".join(filter(None, said))
