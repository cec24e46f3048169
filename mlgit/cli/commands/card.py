"""`mlgit model diff`, `card` and `tags`, and `mlgit badge`: what a version is, said for others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import MODEL
from mlgit.cli.command import Command
from mlgit.cli.machine import text
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.errors import InvalidValue
from mlgit.registry.address import parse

if TYPE_CHECKING:
    from mlgit.cli.terminal import Terminal
    from mlgit.registry.compare import Row


@click.command(
    cls=Command,
    examples="""
    mlgit model diff churn@production churn@5
    mlgit model diff churn@4 churn@5 --json
    """,
)
@click.argument("before", type=MODEL, metavar="A")
@click.argument("after", type=MODEL, metavar="B")
@shape_options
@pass_session
def diff(session: Session, *, before: str, after: str, shape: Shape) -> None:
    """Show how one version became another, line by line.

    Metrics, parameters, tags, data, code, signature and artifacts of A that differ in B.
    """
    from mlgit.registry.compare import compare
    from mlgit.registry.find import find
    from mlgit.registry.sight import sight

    seen = sight(session.store)
    old, new = (find(seen, parse(name)) for name in (before, after))
    if old.model.folder != new.model.folder:
        raise InvalidValue("these are versions of two models", f"mlgit models {old.model.name}")
    compared = compare(seen.data, new.model.folder, old.version.uid, new.version.uid)
    rows = [row for row in compared.rows if row.differs]
    documents = [
        {"key": f"{row.section}.{row.key}", "before": row.before, "after": row.after}
        for row in rows
    ]
    terminal, names = session.output.terminal, (str(old.version.number), str(new.version.number))
    head = [f"--- {new.model.name}@{names[0]}", f"+++ {new.model.name}@{names[1]}"]
    emit(
        session.output,
        shape,
        documents,
        ["key", "before", "after"],
        lambda: [*map(terminal.safe, head), *_lines(rows, terminal)],
    )


def _lines(rows: list[Row], terminal: Terminal) -> Iterator[str]:
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            yield terminal.paint(f"@@ {section} @@", "cyan")
        if row.before is not None:
            yield terminal.paint(terminal.safe(f"- {row.key} = {text(row.before)}"), "red")
        if row.after is not None:
            moved = f"   {row.delta}" if row.delta else ""
            yield terminal.paint(terminal.safe(f"+ {row.key} = {text(row.after)}{moved}"), "green")


@click.command(
    cls=Command,
    examples="""
    mlgit model card churn@production > README.md
    mlgit model card churn@5
    """,
)
@click.argument("name", type=MODEL, metavar="MODEL")
@pass_session
def card(session: Session, *, name: str) -> None:
    """Print the card of a version, in Markdown with Hugging Face's front matter.

    The tags license, base_model, language, library_name, pipeline_tag and datasets of the model
    or version stand in the front matter; metrics do as its model-index.
    """
    from mlgit.registry import catalogue
    from mlgit.registry.card import card as card_of
    from mlgit.registry.compare import compare
    from mlgit.registry.find import find
    from mlgit.registry.sight import sight

    seen = sight(session.store)
    found = find(seen, parse(name))
    facts = compare(seen.data, found.model.folder, "", found.version.uid)
    there = catalogue.aliases(seen.guarded, found.model.folder)
    aliases = [one.alias for one in there if one.uid == found.version.uid]
    session.output.data(card_of(found.model, facts, aliases).splitlines())


@click.command(
    cls=Command,
    examples="""
    mlgit model tags churn
    mlgit model tags churn && git push origin --tags
    """,
)
@click.argument("name", type=MODEL, metavar="MODEL")
@pass_session
def tags(session: Session, *, name: str) -> None:
    """Make git tags of versions and aliases, in the form of GTO, where they are missing.

    `churn@v5.0.0` and `churn#production#7`, annotated, on the commits of the code that made the
    versions. Nothing else in mlgit makes them, and nothing reads them.
    """
    from mlgit.registry.gto import make
    from mlgit.registry.sight import sight

    made, skipped = make(session.store, sight(session.store), name)
    session.output.data([tag.name for tag in made])
    for reason in skipped:
        session.output.warn(reason)


@click.command(
    cls=Command,
    examples="""
    mlgit badge churn@production > churn.svg
    mlgit badge churn@production --markdown badges/churn.svg
    """,
)
@click.argument("name", type=MODEL, metavar="MODEL")
@click.option(
    "--markdown", "path", default="", metavar="PATH", help="Print Markdown that shows it from PATH."
)
@pass_session
def badge(session: Session, *, name: str, path: str) -> None:
    """Print a badge of what an address means now, as SVG.

    It is a picture of its own: no server draws it, and it says no more than the address and the
    number of the version. A contested alias has another colour.
    """
    from mlgit.registry.badge import GOOD, UNDECIDED, svg
    from mlgit.registry.find import find
    from mlgit.registry.markdown import link
    from mlgit.registry.markdown import text as prose
    from mlgit.registry.sight import sight

    meant = parse(name)
    found = find(sight(session.store), meant)
    shown = str(meant).removeprefix("models:/")
    if path:
        session.output.data([f"!{link(prose(f'{shown}: v{found.version.number}'), path)}"])
        return
    contested = found.alias is not None and found.alias.contested
    picture = svg(shown, f"v{found.version.number}", UNDECIDED if contested else GOOD)
    session.output.data(picture.splitlines())
