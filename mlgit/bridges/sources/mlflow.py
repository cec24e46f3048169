"""Which of MLflow's stores an address means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlgit.bridges.sources.source import Source

_SQLITE = "sqlite:///"


def open_mlflow(address: str, others: tuple[Path, ...] = ()) -> Source:
    """A folder of MLflow's file store, a SQLite file, or whatever MLflow's client has words for.

    Args:
        address: `mlruns/`, `mlflow.db`, `sqlite:///mlflow.db`, `http://localhost:5000`.
        others: Folders besides the source's own that artifacts may be taken from.

    Raises:
        NotFound, Damaged: There is no such folder or file; it is no database of MLflow.
        InvalidValue: MLflow itself is needed and not installed, or does not know the address.
    """
    if address.startswith(_SQLITE):
        from mlgit.bridges.sources.mlflow_database import Database

        return Database(Path(address.removeprefix(_SQLITE)), others)
    if len(urlsplit(address).scheme) > 1 and not address.startswith("file:"):
        from mlgit.bridges.sources.mlflow_client import Client

        return Client(address)
    path = Path(unquote(urlsplit(address).path) if address.startswith("file:") else address)
    if path.is_file():
        from mlgit.bridges.sources.mlflow_database import Database

        return Database(path, others)
    if not path.is_dir():
        raise NotFound(f"there is no {path}", "name a folder mlruns/, a file mlflow.db, or a URL")
    from mlgit.bridges.sources.mlflow_files import FileStore

    return FileStore(path, others)
