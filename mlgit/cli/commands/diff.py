"""`mlgit diff`: how one run became another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import RUN
from mlgit.cli.command import Command
from mlgit.cli.comparison import Facts, Row, Value, rows_of
from mlgit.cli.machine import text
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options

if TYPE_CHECKING:
    from mlgit.cli.terminal import Terminal


@click.command(
    cls=Command,
    examples="""
    mlgit diff @{2} @last
    mlgit diff brisk-otter-12 calm-moth-25 --json
    mlgit diff 3f2a 91bc --exit-code || echo "not the same experiment"
    """,
)
@click.argument("before", metavar="A", type=RUN)
@click.argument("after", metavar="B", type=RUN)
@click.option("--exit-code", is_flag=True, help="End with 1 when the runs differ.")
@shape_options
@pass_session
@click.pass_context
def diff(
    ctx: click.Context, session: Session, *, before: str, after: str, exit_code: bool, shape: Shape
) -> None:
    """Show how one run became another, line by line.

    Parameters, metrics, tags, data, code and packages of A that differ in B.
    """
    facts = [session.facts(session.find(run)) for run in (before, after)]
    rows = [row for row in rows_of(facts) if row.differs]
    documents = [{"key": row.name, "before": row.values[0], "after": row.values[1]} for row in rows]
    terminal = session.output.terminal
    emit(
        session.output,
        shape,
        documents,
        ["key", "before", "after"],
        lambda: list(lines(facts, rows, terminal)),
    )
    _explain(session, facts, rows)
    if exit_code and rows:
        ctx.exit(1)


def lines(facts: Sequence[Facts], rows: Sequence[Row], terminal: Terminal) -> Iterator[str]:
    """A heading a section, then what was taken away and what came."""
    for mark, one in zip(("---", "+++"), facts, strict=True):
        yield terminal.paint(f"{mark} {terminal.safe(one.run.name)}  {one.run.id}", "bold")
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            yield terminal.paint(f"@@ {section} @@", "cyan")
        before, after = row.values
        if before is not None:
            yield terminal.paint(_line("-", row, before, terminal), "red")
        if after is not None:
            yield terminal.paint(_line("+", row, after, terminal, row.change(1)), "green")


def _line(mark: str, row: Row, value: Value, terminal: Terminal, change: str = "") -> str:
    key = f"{row.key} = " if row.key else ""
    moved = f"   ({change})" if change else ""
    return f"{mark} {terminal.safe(key + text(value))}{moved}"


def _explain(session: Session, facts: Sequence[Facts], rows: Sequence[Row]) -> None:
    """Say that nothing differs, or how to see what changed in the code."""
    if not rows:
        session.output.note("No differences.")
    before, after = (one.run.code.commit for one in facts)
    if before and after and before != after:
        session.output.note(f"Code: git diff {before[:12]} {after[:12]}")
