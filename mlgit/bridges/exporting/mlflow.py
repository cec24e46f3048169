"""Which of MLflow's stores a target means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlgit.errors import InvalidValue

if TYPE_CHECKING:
    from mlgit.bridges.exporting.stored import Sink

_SQLITE = "sqlite:///"


def open_sink(target: str) -> Sink:
    """A folder of MLflow's file store, or a SQLite file.

    Raises:
        InvalidValue: Another address: MLflow's API gives runs new ids.
    """
    if target.startswith(_SQLITE) or target.endswith(".db"):
        from mlgit.bridges.exporting.mlflow_database import DatabaseSink

        return DatabaseSink(Path(target.removeprefix(_SQLITE)))
    if len(urlsplit(target).scheme) > 1:
        raise InvalidValue(
            f"{target} cannot take runs under their ids",
            "export a folder mlruns/ or sqlite:///mlflow.db, and let the server have that",
        )
    from mlgit.bridges.exporting.mlflow_files import FileSink

    return FileSink(Path(target))
