"""`mlgit register`: a run's files, or a logged model, as a version of a registered model."""

from __future__ import annotations

import click

from mlgit.cli.arguments import MODEL, RUN
from mlgit.cli.command import Command, pairs
from mlgit.cli.session import Session, pass_session


@click.command(
    cls=Command,
    examples="""
    mlgit register @best:acc churn
    mlgit register brisk-otter-12 churn --path model -m "deeper trees" -t validated=yes
    mlgit register models:/m-0b7a churn
    """,
)
@click.argument("source", type=RUN, metavar="RUN")
@click.argument("name", type=MODEL, metavar="NAME")
@click.option("--path", default="", metavar="PATH", help="Which of the run's files; model, or all.")
@click.option("-m", "--message", default="", metavar="TEXT", help="What is new in it; Markdown.")
@click.option("-t", "--tag", "tags", multiple=True, metavar="K=V", help="A tag.")
@pass_session
def register(
    session: Session, *, source: str, name: str, path: str, message: str, tags: tuple[str, ...]
) -> None:
    """Register a run's files as a new version of a model.

    The address of the version is printed. RUN may also be `runs:/ID/path`, a logged model
    (`models:/m-ID`), another version (`models:/churn/3`) or a URL. A model of that NAME is made
    where there is none.
    """
    from mlgit.git.identity import identity
    from mlgit.registry import versions
    from mlgit.registry.landed import is_landed
    from mlgit.registry.sight import sight
    from mlgit.registry.source import request_of

    store, given = session.store, pairs(tags, "a tag")
    request = request_of(sight(store), _address(session, source, path))
    author = identity(store.home.config)[0]
    request = request._replace(author=author, description=message or request.description)
    request = request._replace(tags={**request.tags, **given})
    made = versions.register(store, name, request)
    session.output.data([f"{name}@{made.number}"])
    if not is_landed(store, name, made):
        session.output.note(f"v{made.number}? is provisional until it lands: mlgit push")


def _address(session: Session, source: str, path: str) -> str:
    """The address of what is meant: a run by any of its names becomes `runs:/ID/path`."""
    from mlgit.cli.holder import address
    from mlgit.published import MODELS, PublishedModel
    from mlgit.search.resolve import split_reference

    if source.startswith(f"{MODELS}m-"):
        whose, _ = address(session, source, "")
        return MODELS + PublishedModel(session.store, whose.removeprefix(MODELS)).id
    if "://" in source or source.startswith(MODELS):
        return source
    whose, said = split_reference(source)
    found = session.published(whose)
    inside = path.strip("/") or said.strip("/") or _model_of(session, found.folder)
    return f"runs:/{found.run.id}/{inside}" if inside else f"runs:/{found.run.id}"


def _model_of(session: Session, folder: str) -> str:
    """`model`, where a run has such a folder of artifacts, as MLflow's examples call it."""
    manifest = session.store.snapshot().manifest(folder)
    return "model" if any(entry.path.startswith("model/") for entry in manifest) else ""
