"""Logged models: what was saved as a model, kept beside the runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.api import active, context
from mlgit.entities.logged_model import LoggedModel, logged_model
from mlgit.errors import InvalidValue

if TYPE_CHECKING:
    from mlgit.api.active import ActiveRun
    from mlgit.records.experiment import Experiment


def log_model(
    path: str | Path,
    name: str | None = None,
    *,
    model_type: str | None = None,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
    step: int = 0,
    model_id: str | None = None,
) -> LoggedModel:
    """Keep a saved model, a folder or a file, as an output of the active run if there is one.

    Its bytes are kept as they are; nothing of it is loaded.

    Args:
        path: The folder (with an `MLmodel` file or not), or the file: a pickle, an `.onnx` …
        name: The model's name; as the file or folder is called when None.
        model_type: Free text, such as "classifier".
        params: Parameters of the model itself.
        tags: Its tags.
        step: The step of the run at which it was made.
        model_id: An id of its own, `m-` and 32 hex digits; drawn when None.

    Raises:
        InvalidValue: That is no path, or a name, id, key or file name cannot be used.
        NotFound: There is no such file.
        AlreadyExists: There is a model of that id.
        InvalidState: The experiment is deleted.
        Unsupported: This process records into a spool.
    """
    from mlgit.records.inputs import ModelLink
    from mlgit.records.names import step_value
    from mlgit.runs import logged_models

    source, run, at = _saved(path), active.active_run(), step_value(step)
    tracker = context.tracker() if run is None else run.tracker
    request = logged_models.ModelRequest(
        name=name or "",
        id=model_id or "",
        model_type=model_type or "",
        source_run="" if run is None else run.live.id,
        params=params or {},
        tags=tags or {},
    )
    experiment = context.experiment() if run is None else _experiment_of(run)
    made = logged_models.log_model(tracker.store, source, experiment, request)
    if run is not None:
        run.live.log_inputs((), [ModelLink(made.id, "out", at)])
    return logged_model(made)


def get_logged_model(model_id: str) -> LoggedModel:
    """The logged model of that id, or a unique beginning of it, such as `m-3f2a`.

    Raises:
        NotFound, Ambiguous: There is none; there are several.
    """
    return context.client().get_logged_model(model_id)


def _saved(path: object) -> Path:
    if isinstance(path, str | os.PathLike):
        return Path(path)
    raise InvalidValue(
        f"log_model keeps a saved model, a file or folder, not an object of {type(path).__name__}",
        "save it first, then log what was saved: joblib.dump(model, 'model.pkl'); "
        "mlgit.log_model('model.pkl')",
    )


def _experiment_of(run: ActiveRun) -> Experiment:
    """The run's experiment, which nothing may have written yet."""
    live = run.live
    found = run.tracker.store.snapshot().experiment_by_id(live.run.experiment_id)
    return found or live.experiment
