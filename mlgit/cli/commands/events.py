"""`mlgit events`: what happened to the registry, for whoever deploys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from mlgit.cli.command import Command
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.git.revision import commit_of

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.registry.event import Event
    from mlgit.registry.sight import Sight

_COLUMNS = ("event", "model", "name", "from", "to", "uid", "manifest", "commit")


@click.command(
    cls=Command,
    examples="""
    mlgit events
    mlgit events --since mlgit~20
    mlgit events --since "$BEFORE" --until "$AFTER" --json
    """,
)
@click.option("--since", default="", metavar="REV", help="Only what came after this commit.")
@click.option("--until", default="", metavar="REV", help="Only up to this commit; else to the tip.")
@click.option("--json", "lines", is_flag=True, help="Print one JSON document a line.")
@pass_session
def events(session: Session, *, since: str, until: str, lines: bool) -> None:
    """Say what happened to the registry, for whoever deploys.

    Oldest first: model-created, version-registered, version-deleted, alias-set, alias-moved,
    alias-deleted, stage-changed, policy-changed. A REV of zeros, as forges say of a new branch, is
    its beginning.
    """
    from mlgit.registry.events import events as told
    from mlgit.registry.sight import sight

    seen, repository = sight(session.store), session.store.repository
    known = commit_of(repository, since) if since.strip("0") else None
    tips = [commit_of(repository, until)] if until else _tips(session, seen, known)
    found = [one for tip in tips for one in told(repository.objects, known, tip, seen.data.commit)]
    documents = [dict(zip(_COLUMNS, one, strict=True)) for one in found]
    shape = Shape("jsonl" if lines else "")
    emit(session.output, shape, documents, _COLUMNS, lambda: _table(session, found))
    if not found:
        session.output.note("Nothing happened to the registry.")


def _tips(session: Session, seen: Sight, known: Oid | None) -> Sequence[Oid]:
    """Where to look: both branches, or the one that came from what is known."""
    from mlgit.git.history import is_ancestor

    tips = list(dict.fromkeys([seen.data.commit, seen.guarded.commit]))
    objects = session.store.repository.objects
    after = [tip for tip in tips if known is not None and is_ancestor(objects, known, tip)]
    return after or tips


def _table(session: Session, found: Sequence[Event]) -> list[str]:
    if not found:
        return []
    cells: dict[str, list[Any]] = {
        "EVENT": [one.event for one in found],
        "MODEL": [one.model for one in found],
        "NAME": [one.name for one in found],
        "FROM": [one.from_version for one in found],
        "TO": [one.to_version for one in found],
        "COMMIT": [one.commit[:12] for one in found],
    }
    columns = [
        Column(head, [Cell("" if value is None else str(value)) for value in values])
        for head, values in cells.items()
    ]
    return lay_out(columns, session.output.terminal)[0]
