"""Kinds of arguments that a shell can complete from the index: runs, experiments, metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlgit.cli.session import Session
from mlgit.errors import MlgitError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Text = click.ParamType[str]
else:
    Text = click.ParamType  # not generic in every click that we take

Offer = Callable[[Session], Iterator[tuple[str, str]]]
_NEWEST = 100


class Known(Text):
    """Any text; a shell is offered what the store knows."""

    def __init__(self, name: str, offer: Offer) -> None:
        self.name = name
        self.offer = offer

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """What the store knows that begins with `incomplete`; nothing where there is no store."""
        from click.shell_completion import CompletionItem

        place = ctx.find_root().params.get("directory")
        session = Session(place=Path(place) if place else None)
        try:
            offered = list(self.offer(session))
        except (MlgitError, OSError):
            return []
        finally:
            session.close()
        return [
            CompletionItem(value, help=help_text)
            for value, help_text in offered
            if value.startswith(incomplete)
        ]


def _runs(session: Session) -> Iterator[tuple[str, str]]:
    yield "@last", "the newest run"
    for found in session.index.find(limit=_NEWEST):
        yield found.run.name or found.run.id, f"{found.experiment} {found.run.status.value}"
        yield found.run.id, found.run.name


def _experiments(session: Session) -> Iterator[tuple[str, str]]:
    for experiment in session.index.experiments():
        if experiment.lifecycle == "active":
            yield experiment.name, experiment.id


def _metrics(session: Session) -> Iterator[tuple[str, str]]:
    yield from ((key, "") for key in sorted(session.index.keys().metrics))


def _fields(session: Session) -> Iterator[tuple[str, str]]:
    keys = session.index.keys()
    for names, what in ((keys.metrics, "metric"), (keys.params, "parameter"), (keys.tags, "tag")):
        yield from ((name, what) for name in sorted(names))
    yield from ((name, "attribute") for name in ("start", "end", "duration", "name", "status"))


def _runs_and_experiments(session: Session) -> Iterator[tuple[str, str]]:
    yield from _runs(session)
    yield from _experiments(session)


def _models(session: Session) -> Iterator[tuple[str, str]]:
    from mlgit.registry import catalogue
    from mlgit.registry.sight import sight

    seen = sight(session.store)
    for model in catalogue.models(seen.data)[0]:
        if model.lifecycle == "active":
            yield model.name, model.description.partition("\n")[0]
            for alias in catalogue.aliases(seen.guarded, model.folder):
                yield f"{model.name}@{alias.alias}", f"version {alias.version}"


RUN = Known("run", _runs)
MODEL = Known("model", _models)
EXPERIMENT = Known("experiment", _experiments)
# Of several runs and then an experiment a shell cannot know which is meant.
RUN_OR_EXPERIMENT = Known("run", _runs_and_experiments)
METRIC = Known("metric", _metrics)
FIELD = Known("name", _fields)
