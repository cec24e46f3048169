"""`mlgit gate`: may this change of the registry land?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Command
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out

if TYPE_CHECKING:
    from mlgit.cli.output import Output
    from mlgit.cli.terminal import Terminal
    from mlgit.registry.gate.verdict import Result, Verdict

_COLUMNS = ("rule", "outcome", "reason", "current", "candidate", "delta", "bound")
_STYLES = {"pass": ("green",), "warn": ("yellow",), "fail": ("red",)}
STALE = 2


@click.command(
    cls=Command,
    examples="""
    mlgit gate --base origin/mlgit --head HEAD
    mlgit gate --base origin/mlgit-registry --head FETCH_HEAD --data origin/mlgit --json
    """,
)
@click.option("--base", required=True, metavar="REV", help="The branch it would land on.")
@click.option("--head", required=True, metavar="REV", help="The proposal, or the merge of it.")
@click.option(
    "--data", default="", metavar="REV", help="The data branch; --base has it if left out."
)
@click.option("--deep", is_flag=True, help="Read every byte of the artifacts on the remotes.")
@shape_options
@pass_session
def gate(session: Session, *, base: str, head: str, data: str, deep: bool, shape: Shape) -> int:
    """Say whether a promotion may land, with a reason for every rule.

    The policy is that of --base. Nothing of --head is checked out or run. Ends with 0 where it
    passes, 1 where it fails, and 2 where it is out of date: another promotion landed first.
    """
    from mlgit.gating import gate as judged

    verdict = judged(session.store, base, head, data=data, deep=deep)
    documents = [one._asdict() for one in verdict.results]
    terminal = session.output.terminal
    emit(
        session.output, shape, documents, _COLUMNS, lambda: results_table(verdict.results, terminal)
    )
    session.output.note(sentence(verdict))
    sys.stdout.flush()
    return code_of(verdict)


def results_table(results: tuple[Result, ...], terminal: Terminal) -> list[str]:
    """A line a rule."""
    compared = any(one.candidate for one in results)
    figures = ("current", "candidate", "delta", "bound") if compared else ()
    return lay_out(
        [
            Column("", [Cell(one.outcome, _STYLES[one.outcome]) for one in results]),
            Column("RULE", [Cell(one.rule) for one in results], limit=40),
            *(
                Column(name, [Cell(getattr(one, name)) for one in results], right=True, rank=1)
                for name in figures
            ),
            Column("why", [Cell(one.reason) for one in results], limit=200),
        ],
        terminal,
    )[0]


def sentence(verdict: Verdict) -> str:
    """The judgement in words."""
    what = verdict.change.title if verdict.change else "the change"
    if verdict.stale:
        return f"{what} is out of date"
    return f"{what} {'passes' if verdict.passed else 'fails'}"


def code_of(verdict: Verdict) -> int:
    """The exit code that stands for it."""
    return STALE if verdict.stale else int(not verdict.passed)


def say_whether(output: Output, verdict: Verdict, done: str) -> None:
    """Say what was done, or what did not let it pass."""
    if verdict.passed:
        output.note(done)
        return
    output.data(results_table(verdict.results, output.terminal))
    output.warn(f"nothing has landed: {sentence(verdict)}", "mlgit help gates")
    sys.stdout.flush()
