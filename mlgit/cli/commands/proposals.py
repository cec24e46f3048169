"""Proposals: listed, reviewed, approved or rejected, landed, withdrawn."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from mlgit.cli.command import Command
from mlgit.cli.commands.gate import code_of, say_whether
from mlgit.cli.numbers import ago
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.times import iso, now_ms

if TYPE_CHECKING:
    from mlgit.reviewing import Reviewed

_COLUMNS = ("proposal", "state", "author", "at", "approved", "title")
_WHY = click.option("-m", "--message", default="", metavar="TEXT", help="Why.")
_OFFLINE = click.option("--offline", is_flag=True, help="Do not ask the remote.")
_PROPOSAL = click.argument("proposal", metavar="PROPOSAL")


@click.command(
    cls=Command,
    examples="""
    mlgit proposals
    mlgit proposals --json
    """,
)
@_OFFLINE
@shape_options
@pass_session
def proposals(session: Session, *, offline: bool, shape: Shape) -> None:
    """List what is proposed, and what the gate says of it today."""
    from mlgit.reviewing import reviews

    found = reviews(session.store, fetch=not offline)
    documents = [_document(one) for one in found]
    now = now_ms()
    columns = [
        Column("PROPOSAL", [Cell(one.short) for one in found], limit=60),
        Column("state", [Cell(one.state) for one in found]),
        Column("approved", [Cell(", ".join(row["approved"])) for row in documents], limit=40),
        Column("by", [Cell(one.author) for one in found], limit=20, rank=2),
        Column("when", [Cell(ago(one.at, now)) for one in found], rank=3),
    ]
    terminal = session.output.terminal
    table = lay_out(columns, terminal)[0] if found else []
    emit(session.output, shape, documents, _COLUMNS, lambda: table)
    if not found:
        session.output.note("Nothing is proposed.  mlgit promote VERSION --to ALIAS --propose")


@click.command(
    cls=Command,
    examples="""
    mlgit review churn/production
    mlgit review churn/production/v5 > body.md
    """,
)
@_PROPOSAL
@_OFFLINE
@pass_session
def review(session: Session, *, proposal: str, offline: bool) -> int:
    """Show everything that a reviewer needs to know of a proposal, in Markdown.

    It ends as `mlgit gate` does: 0 where the proposal passes today.
    """
    from mlgit.reviewing import review as look

    found, text = look(session.store, proposal, fetch=not offline)
    # What keeps a forge from reading a name as a link is nothing for a terminal.
    lines = text.replace("\u200b", "").splitlines()
    session.output.page([session.output.terminal.safe(line) for line in lines])
    session.output.note(f"{found.short} is {found.state}: mlgit approve {found.short}")
    sys.stdout.flush()
    return code_of(found.verdict)


@click.command(
    cls=Command,
    examples="""
    mlgit approve churn/production
    mlgit approve churn/production/v5 -m "figures agree"
    """,
)
@_PROPOSAL
@_WHY
@pass_session
def approve(session: Session, *, proposal: str, message: str) -> None:
    """Say yes to a proposal as it is now; signed where git signs with an ssh key.

    Whatever is pushed to the proposal later makes the word void.
    """
    from mlgit.reviewing import say

    word = say(session.store, proposal, "approve", message)
    session.output.note(f"{word.by} approves {word.proposal} at tree {word.tree[:12]}")


@click.command(
    cls=Command,
    examples="""
    mlgit reject churn/production -m "latency is not measured"
    mlgit reject churn/production/v5
    """,
)
@_PROPOSAL
@_WHY
@pass_session
def reject(session: Session, *, proposal: str, message: str) -> None:
    """Say no to a proposal as it is now."""
    from mlgit.reviewing import say

    word = say(session.store, proposal, "reject", message)
    session.output.note(f"{word.by} rejects {word.proposal} at tree {word.tree[:12]}")


@click.command(
    cls=Command,
    examples="""
    mlgit land churn/production
    mlgit land churn/production/v5
    """,
)
@_PROPOSAL
@pass_session
def land(session: Session, *, proposal: str) -> int:
    """Bring a proposal to the branch, where the gate lets it pass.

    With a remote it is pushed there; the branch of the proposal is removed.
    """
    from mlgit.promotion import land as bring

    verdict = bring(session.store, proposal)
    say_whether(session.output, verdict, f"landed {proposal}")
    return code_of(verdict)


@click.command(
    cls=Command,
    examples="""
    mlgit withdraw churn/production
    mlgit withdraw churn/production/v5
    """,
)
@_PROPOSAL
@pass_session
def withdraw(session: Session, *, proposal: str) -> None:
    """Remove the branch of a proposal, here and where it was pushed to."""
    from mlgit.promotion import withdraw as take_back

    gone = take_back(session.store, proposal)
    session.output.note(f"removed {gone.name}")


def _document(one: Reviewed) -> dict[str, Any]:
    return {
        "proposal": one.short,
        "state": one.state,
        "author": one.author,
        "at": iso(one.at),
        "approved": [word.by for word in one.words if word.verdict == "approve"],
        "rejected": [word.by for word in one.words if word.verdict == "reject"],
        "title": one.verdict.change.title if one.verdict.change else "",
        "results": [result._asdict() for result in one.verdict.results],
    }
