"""Where this process records, and whether it samples the machine."""

from __future__ import annotations

from pathlib import Path

from mlgit import where
from mlgit.api import context


def set_tracking_uri(uri: str | Path) -> None:
    """Use the store around a folder: a path, `mlgit:.` or `mlgit:PATH`.

    Raises:
        InvalidValue: It names another kind of store.
    """
    context.chosen.place = where.parse_uri(uri)


def get_tracking_uri() -> str:
    """The store in use: chosen, named by a variable, or around the current directory."""
    return where.as_uri(context.chosen.place or where.from_environment() or Path.cwd())


def is_tracking_uri_set() -> bool:
    """Whether a store was chosen, in the program or by a variable."""
    return bool(context.chosen.place or where.from_environment())


def enable_system_metrics_logging() -> None:
    """Sample this machine (processor, memory, disk, network, GPUs) in the runs to come."""
    context.chosen.system_metrics = True


def disable_system_metrics_logging() -> None:
    """Sample nothing in the runs to come."""
    context.chosen.system_metrics = False


def set_system_metrics_sampling_interval(interval: float) -> None:
    """Seconds between two samples."""
    context.chosen.sampling_interval = float(interval)
