"""`mlgit model`: one registered model, version or alias: shown, annotated, renamed, removed."""

from __future__ import annotations

import click

from mlgit.cli.arguments import MODEL
from mlgit.cli.asking import require_yes
from mlgit.cli.command import Group, pairs
from mlgit.cli.commands.card import card, diff, tags
from mlgit.cli.numbers import ago, counted
from mlgit.cli.registry_view import shown, version_document, version_page
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, emit_one, shape_options
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.registry.address import Address, parse
from mlgit.times import iso, now_ms

_STEPS = ("at", "author", "what", "commit")


@click.group(
    cls=Group,
    subcommand_metavar="COMMAND [ARGS]...",
    examples="""
    mlgit model show churn@production
    mlgit model history churn@production
    mlgit model tag churn@5 validated=yes
    """,
)
def model() -> None:
    """Look at and change one registered model, version or alias.

    MODEL is `churn`, `churn@5` (a version), `churn@production` (an alias) or MLflow's
    `models:/churn/5`.
    """


model.add_command(diff)
model.add_command(card)
model.add_command(tags)


@model.command(
    examples="""
    mlgit model show churn@production
    mlgit model show churn@5 --json
    """
)
@click.argument("name", type=MODEL, metavar="MODEL")
@click.option("--strict", is_flag=True, help="Refuse an alias that is contested.")
@shape_options
@pass_session
def show(session: Session, *, name: str, strict: bool, shape: Shape) -> None:
    """Show one version: where it comes from and what points to it.

    Of a model alone the newest is shown.
    """
    from mlgit.registry.find import find
    from mlgit.registry.sight import sight

    seen = sight(session.store)
    found = find(seen, parse(name), strict=strict)
    one = shown(seen, found.model)
    document = version_document(session.store, one, found.version)
    terminal = session.output.terminal
    emit_one(
        session.output, shape, document, lambda: list(version_page(document, terminal, now_ms()))
    )
    for warning in found.warnings:
        session.output.warn(warning)


@model.command(
    examples="""
    mlgit model history churn@production
    mlgit model history churn@5 --json
    """
)
@click.argument("name", type=MODEL, metavar="MODEL")
@shape_options
@pass_session
def history(session: Session, *, name: str, shape: Shape) -> None:
    """Say who changed a model, a version or an alias, when, newest first.

    Each line is what landed on the branch: `git log --first-parent` of one file.
    """
    from mlgit.cli.registry_history import steps_of

    found = steps_of(session.store, parse(name))
    documents = [
        {"at": iso(one.at), "author": one.author, "what": one.subject, "commit": one.commit}
        for one in found
    ]
    now = now_ms()
    columns = [
        Column("WHEN", [Cell(ago(one.at, now), ("dim",)) for one in found]),
        Column("WHO", [Cell(one.author) for one in found], limit=20, rank=2),
        Column("WHAT", [Cell(one.subject) for one in found], limit=200, rank=1),
        Column("COMMIT", [Cell(one.commit[:10]) for one in found], rank=3),
    ]
    terminal = session.output.terminal
    emit(session.output, shape, documents, _STEPS, lambda: lay_out(columns, terminal)[0])


@model.command(
    examples="""
    mlgit model note churn -m "Who leaves within 30 days."
    mlgit model note churn@5 -m "Trees of depth 8."
    """
)
@click.argument("name", type=MODEL, metavar="MODEL")
@click.option("-m", "--message", default=None, metavar="TEXT", help="Write this; Markdown.")
@pass_session
def note(session: Session, *, name: str, message: str | None) -> None:
    """Show or write the description of a model or version."""
    from mlgit.registry import catalogue, models, versions
    from mlgit.registry.find import find
    from mlgit.registry.sight import sight

    meant, seen = parse(name), sight(session.store)
    whole = _is_model(meant)
    if message is None:
        found = catalogue.model(seen.data, meant.model) if whole else find(seen, meant).version
        lines = found.description.splitlines()
        session.output.page([session.output.terminal.safe(line) for line in lines])
    elif whole:
        models.describe(session.store, meant.model, message)
    else:
        number = find(seen, meant).version.number
        versions.annotate(session.store, meant.model, number, message)


@model.command(
    examples="""
    mlgit model tag churn team=risk
    mlgit model tag churn@5 validated=yes -d draft
    """
)
@click.argument("name", type=MODEL, metavar="MODEL")
@click.argument("tags", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("-d", "--delete", "gone", multiple=True, metavar="KEY", help="Take this tag away.")
@pass_session
def tag(session: Session, *, name: str, tags: tuple[str, ...], gone: tuple[str, ...]) -> None:
    """Set or delete tags of a model or version."""
    from mlgit.registry import models, versions
    from mlgit.registry.find import find
    from mlgit.registry.sight import sight

    meant, store = parse(name), session.store
    number = 0 if _is_model(meant) else find(sight(store), meant).version.number
    for key, value in pairs(tags, "a tag").items():
        if number:
            versions.set_tag(store, meant.model, number, key, value)
        else:
            models.set_tag(store, meant.model, key, value)
    for key in gone:
        if number:
            versions.delete_tag(store, meant.model, number, key)
        else:
            models.delete_tag(store, meant.model, key)
    session.output.note(f"{name}: {counted(len(tags), 'tag')} set, {len(gone)} deleted")


@model.command(
    examples="""
    mlgit model rename churn attrition
    mlgit model rename "churn model" churn
    """
)
@click.argument("name", type=MODEL, metavar="MODEL")
@click.argument("new_name", metavar="NAME")
@pass_session
def rename(session: Session, *, name: str, new_name: str) -> None:
    """Give a model another name; versions and aliases stay."""
    from mlgit.registry import models

    renamed = models.rename(session.store, name, new_name)
    session.output.note(f"{name} is called {renamed.name} now")


@model.command(
    examples="""
    mlgit model copy churn@5 churn-live
    mlgit model copy staging.churn@candidate churn
    """
)
@click.argument("name", type=MODEL, metavar="MODEL")
@click.argument("to", metavar="NAME")
@pass_session
def copy(session: Session, *, name: str, to: str) -> None:
    """Register a version again under another model; the new address is printed."""
    from mlgit.registry import versions
    from mlgit.registry.find import find
    from mlgit.registry.sight import sight

    found = find(sight(session.store), parse(name), strict=True)
    made = versions.register(session.store, to, versions.copied(found.model, found.version))
    session.output.data([f"{to}@{made.number}"])


@model.command(
    examples="""
    mlgit model rm churn@candidate
    mlgit model rm churn@5
    mlgit model rm scratch --yes
    """
)
@click.argument("name", type=MODEL, metavar="MODEL")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def rm(session: Session, *, name: str, yes: bool) -> None:
    """Remove an alias, a version or a whole model.

    A version's number is never used again, and its artifacts stay where they are.
    """
    from mlgit.registry import aliases, removal
    from mlgit.registry.find import find
    from mlgit.registry.sight import sight

    meant, store = parse(name), session.store
    if meant.alias:
        aliases.delete_alias(store, meant.model, meant.alias)
        session.output.note(f"removed {name}")
        return
    number = 0 if _is_model(meant) else find(sight(store), meant).version.number
    what = f"{meant.model}@{number}" if number else f"{meant.model} with all its versions"
    require_yes(session.output, f"Remove {what}?", yes=yes)
    if number:
        removal.remove_version(store, meant.model, number)
    else:
        removal.remove_model(store, meant.model)
    session.output.note(f"removed {what}")


def _is_model(meant: Address) -> bool:
    """Whether a model is meant as a whole."""
    return not (meant.version or meant.alias or meant.stage)
