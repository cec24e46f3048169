"""Models that are registered before their run has ended, as MLflow's `log_model` may do it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlgit.errors import NotFound
from mlgit.runs.logged_models import ModelRequest, log_model
from mlgit.runs.run_view import RunView

if TYPE_CHECKING:
    from mlgit.client import MlgitClient

_RUNS = "runs:/"


def unchanging(client: MlgitClient, source: str) -> str:
    """The source of a version, whose files must not change any more.

    Files of a run that goes on are kept as a logged model, as they are now; its address is given
    back. Any other source is left as it is.
    """
    run_id, _, path = source.removeprefix(_RUNS).partition("/")
    live = _live(client, run_id) if source.startswith(_RUNS) else None
    if live is None:
        return source
    with TemporaryDirectory(prefix="mlgit-") as folder:
        files = Path(client.download_artifacts(live.run.id, path, folder))
        request = ModelRequest(name=Path(path).stem or "model", source_run=live.run.id)
        return f"models:/{log_model(client.tracker.store, files, live.experiment, request).id}"


def _live(client: MlgitClient, run_id: str) -> RunView | None:
    """The run of that id, where programs of this clone are logging to it."""
    try:
        found = client.tracker.view(run_id)
    except NotFound:  # said better when the version is made
        return None
    return found if isinstance(found, RunView) and found.is_live else None
