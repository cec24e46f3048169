"""`mlgit promote` and `mlgit rollback`: a version gets an alias, as a proposal or at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import MODEL
from mlgit.cli.command import Command
from mlgit.cli.commands.gate import code_of, say_whether, sentence
from mlgit.cli.session import Session, pass_session
from mlgit.errors import InvalidState
from mlgit.registry.address import parse

if TYPE_CHECKING:
    from mlgit.registry.proposals.making import Wish

_HOW = click.option(
    "--propose", "how", flag_value="propose", default=None, help="Make a proposal to be reviewed."
)
_AT_ONCE = click.option("--land", "how", flag_value="land", help="Land at once, in this clone.")
_WHY = click.option("-m", "--message", default="", metavar="TEXT", help="Why.")


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


def _promote(session: Session, wish: Wish, how: str | None) -> int:
    from mlgit.promotion import is_guarded

    if how == "propose" or (how is None and is_guarded(session.store, wish)):
        return _propose(session, wish)
    from mlgit.promotion import land_at_once

    verdict = land_at_once(session.store, wish)
    done = verdict.change.title if verdict.change else wish.title
    say_whether(session.output, verdict, f"promoted {done}")
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
