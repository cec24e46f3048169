"""The tools besides MLflow that runs can be brought over from: a module each."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlgit.bridges.sources.source import Source


class Tool(NamedTuple):
    """Where the source of a tool is, and what it reads, for people."""

    module: str
    source: str
    reads: str


TOOLS = {
    "tensorboard": Tool("tensorboard", "TensorBoard", "a folder with event files of TensorBoard"),
    "wandb": Tool("wandb", "Wandb", "a folder wandb/ with runs that W&B recorded offline"),
    "dvc": Tool("dvclive", "DvcLive", "a repository with experiments of DVC, or DVCLive's folder"),
    "trackio": Tool("trackio", "Trackio", "a database of trackio, or the folder of all"),
    "sacred": Tool("sacred", "Sacred", "a folder of Sacred's FileStorageObserver"),
    "csv": Tool("table", "Table", "a CSV file: a row for each run, or for each step"),
}


def open_tool(name: str, path: Path) -> Source:
    """What a tool recorded at a path.

    Raises:
        NotFound: There is nothing of it there.
        InvalidValue: The tool's own package reads its files, and is not installed.
    """
    if not path.exists():
        raise NotFound(f"there is no {path}", f"name {TOOLS[name].reads}")
    tool = TOOLS[name]
    module = import_module(f"mlgit.bridges.sources.{tool.module}")
    source: Source = getattr(module, tool.source)(path)
    return source
