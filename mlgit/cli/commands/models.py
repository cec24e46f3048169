"""`mlgit models`: what is registered."""

from __future__ import annotations

import click

from mlgit.cli.arguments import MODEL
from mlgit.cli.command import Command
from mlgit.cli.registry_view import (
    Shown,
    model_document,
    models_columns,
    shown,
    summary,
    version_document,
    versions_columns,
)
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import lay_out
from mlgit.times import now_ms

_MODEL_COLUMNS = ("name", "versions", "newest", "updated", "lifecycle", "description")
_VERSION_COLUMNS = (
    *("version", "uid", "stage", "run", "source", "created", "author", "status", "aliases"),
)


@click.command(
    cls=Command,
    examples="""
    mlgit models
    mlgit models churn
    mlgit models churn --json
    """,
)
@click.argument("name", required=False, default="", type=MODEL, metavar="[MODEL]")
@click.option("--deleted", is_flag=True, help="List deleted models instead.")
@shape_options
@pass_session
def models(session: Session, *, name: str, deleted: bool, shape: Shape) -> None:
    """List the registered models, or the versions of one.

    `v5?` is a number that has not landed yet: another clone may have taken it. `!` is an alias
    that two promotions raced for: see `mlgit conflicts`.
    """
    from mlgit.registry import catalogue
    from mlgit.registry.sight import sight

    seen = sight(session.store)
    if name:
        _versions(session, shown(seen, catalogue.model(seen.data, name)), shape)
        return
    lifecycle = "deleted" if deleted else "active"
    there, damaged = catalogue.models(seen.data)
    found = [shown(seen, one) for one in there if one.lifecycle == lifecycle]
    documents = [model_document(one) for one in found]
    terminal = session.output.terminal
    emit(
        session.output,
        shape,
        documents,
        _MODEL_COLUMNS,
        lambda: lay_out(models_columns(found, now_ms()), terminal)[0] if found else [],
    )
    for one in damaged:
        session.output.warn(f"{one.path}: {one.reason}", "mlgit check")
    said = summary(found) if found else f"No {lifecycle} models.  mlgit register RUN NAME"
    session.output.note(said)


def _versions(session: Session, one: Shown, shape: Shape) -> None:
    documents = [version_document(session.store, one, version) for version in one.versions]
    terminal = session.output.terminal
    emit(
        session.output,
        shape,
        documents,
        _VERSION_COLUMNS,
        lambda: lay_out(versions_columns(documents, now_ms()), terminal)[0] if documents else [],
    )
    if not documents:
        session.output.note(f"{one.model.name} has no version.  mlgit register RUN NAME")
