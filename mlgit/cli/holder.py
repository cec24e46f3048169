"""Whose artifacts a command means: those of a run or of a logged model, and which of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.cli.session import Session
from mlgit.published import MODELS, PublishedModel, model_meant

if TYPE_CHECKING:
    from mlgit.published import PublishedRun
    from mlgit.runs.run_view import RunView

    Holder = PublishedModel | PublishedRun | RunView


def address(session: Session, reference: str, path: str) -> tuple[str, str]:
    """What is meant by a run or model and a path, or by both in one address.

    Raises:
        NotFound, InvalidValue, InvalidState: A registered version is meant, and there is none, or
            its files are others than those that were approved.
    """
    from mlgit.registered_files import files_of, is_registered
    from mlgit.search.resolve import split_reference

    if is_registered(reference):
        reference = files_of(session.store, reference)
    if reference.startswith(MODELS):
        model, _, inside = reference.removeprefix(MODELS).partition("/")
        whose = MODELS + model
    else:
        whose, inside = split_reference(reference)
    return whose, "/".join(filter(None, (inside.strip("/"), path)))


def holder_of(session: Session, reference: str) -> tuple[str, Holder]:
    """The id, and the files, of the run or logged model that is meant.

    Raises:
        NotFound, Ambiguous, InvalidValue: It means none, or several.
    """
    model_id = model_meant(reference)
    if model_id:
        model = PublishedModel(session.store, model_id)
        return model.id, model
    seen = session.seen(session.find(reference))
    return seen.run.id, seen
