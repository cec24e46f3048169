"""Promotions: proposed, looked at, approved or rejected, landed, withdrawn, taken back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from mlgit.cli.arguments import MODEL
from mlgit.cli.command import Command
from mlgit.cli.commands.gate import code_of, results_table, sentence
from mlgit.cli.numbers import ago
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.errors import InvalidState
from mlgit.registry.address import parse
from mlgit.times import iso, now_ms

if TYPE_CHECKING:
    from mlgit.registry.gate.verdict import Verdict
    from mlgit.registry.proposals.making import Wish

_COLUMNS = ("proposal", "state", "author", "at", "approved", "title")
_HOW = click.option(
    "--propose", "how", flag_value="propose", default=None, help="Make a proposal to be reviewed."
)
_AT_ONCE = click.option("--land", "how", flag_value="land", help="Land at once, in this clone.")
_WHY = click.option("-m", "--message", default="", metavar="TEXT", help="Why.")
_PROPOSAL = click.argument("proposal", metavar="PROPOSAL")


@click.command(
    cls=Command,
    examples="""
    mlgit promote churn@5 --to production -m "+1.2 pt AUC"
    mlgit promote churn@5 --to production --propose
    mlgit promote churn@5 --to Staging --stage
    """,
)
@click.argument("version", type=MODEL, metavar="VERSION")
@click.option("--to", required=True, metavar="ALIAS", help="The alias, or with --stage the stage.")
@click.option("--stage", is_flag=True, help="Move it to a stage of MLflow's instead.")
@_HOW
@_AT_ONCE
@_WHY
@pass_session
def promote(
    session: Session, *, version: str, to: str, stage: bool, how: str | None, message: str
) -> int:
    """Give a version an alias: as a proposal, or at once where nothing guards it.

    A proposal is a branch of one commit that changes one file. Where a gate guards the alias, or
    the registry is protected, it is made without being asked for; otherwise the change lands.
    """
    from mlgit.registry.find import find
    from mlgit.registry.proposals.making import Wish
    from mlgit.registry.sight import sight

    number = find(sight(session.store), parse(version), strict=True).version.number
    return _promote(session, Wish(parse(version).model, number, to, stage, message), how)


@click.command(
    cls=Command,
    examples="""
    mlgit rollback churn@production
    mlgit rollback churn@production --land -m "latency"
    """,
)
@click.argument("alias", type=MODEL, metavar="ALIAS")
@_HOW
@_AT_ONCE
@_WHY
@pass_session
def rollback(session: Session, *, alias: str, how: str | None, message: str) -> int:
    """Bring an alias back to the version that it had before.

    It is a promotion like any other, but metrics are not asked for again.
    """
    from mlgit.registry.find import find
    from mlgit.registry.proposals.making import Wish
    from mlgit.registry.sight import sight

    found = find(sight(session.store), parse(alias), strict=True)
    if found.alias is None or found.alias.previous is None:
        raise InvalidState(f"{alias} had no version before", f"mlgit model history {alias}")
    before = found.alias.previous
    reason = message or f"back from v{found.version.number}"
    wish = Wish(found.model.name, before, found.alias.alias, reason=reason)
    return _promote(session, wish, how)


@click.command(
    cls=Command,
    examples="""
    mlgit proposals
    mlgit proposals --json
    """,
)
@click.option("--offline", is_flag=True, help="Do not ask the remote.")
@shape_options
@pass_session
def proposals(session: Session, *, offline: bool, shape: Shape) -> None:
    """List what is proposed, and what the gate says of it today."""
    from mlgit.reviewing import reviews

    found = reviews(session.store, fetch=not offline)
    documents: list[dict[str, Any]] = [
        {
            "proposal": one.short,
            "state": one.state,
            "author": one.author,
            "at": iso(one.at),
            "approved": [word.by for word in one.words if word.verdict == "approve"],
            "rejected": [word.by for word in one.words if word.verdict == "reject"],
            "title": one.verdict.change.title if one.verdict.change else "",
            "results": [result._asdict() for result in one.verdict.results],
        }
        for one in found
    ]
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
@pass_session
def review(session: Session, *, proposal: str) -> int:
    """Show everything that a reviewer needs to know of a proposal, in Markdown.

    It ends as `mlgit gate` does: 0 where the proposal passes today.
    """
    from mlgit.reviewing import review as look

    found, text = look(session.store, proposal)
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
    _say(session, verdict, f"landed {proposal}")
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


def _promote(session: Session, wish: Wish, how: str | None) -> int:
    from mlgit.promotion import is_guarded

    if how == "propose" or (how is None and is_guarded(session.store, wish)):
        return _propose(session, wish)
    from mlgit.promotion import land_at_once

    verdict = land_at_once(session.store, wish)
    done = verdict.change.title if verdict.change else wish.title
    _say(session, verdict, f"promoted {done}")
    return code_of(verdict)


def _propose(session: Session, wish: Wish) -> int:
    from mlgit.promotion import propose
    from mlgit.registry.proposal_name import PREFIX

    made = propose(session.store, wish)
    short = made.proposal.name.removeprefix(PREFIX)
    session.output.data([made.proposal.name])
    where = f" and pushed to {made.remote}" if made.remote else ""
    session.output.note(f"proposed{where}: {sentence(made.verdict)}")
    for one in made.verdict.results:
        if one.outcome != "pass":
            session.output.note(f"{one.outcome}  {one.rule}: {one.reason}")
    link = made.opening.link if made.opening else ""
    session.output.note(f"Next: {link}" if link else f"Next: mlgit review {short}")
    return 0


def _say(session: Session, verdict: Verdict, done: str) -> None:
    if verdict.passed:
        session.output.note(done)
        return
    session.output.data(results_table(verdict.results, session.output.terminal))
    session.output.warn(f"nothing has landed: {sentence(verdict)}", "mlgit help gates")
    sys.stdout.flush()
