"""Runs as a data frame, with MLflow's columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlgit.entities.run import run_data, run_info
from mlgit.records.run import Run

if TYPE_CHECKING:
    import pandas as pd

_INFO = ("run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time")


def runs_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a run: its head, then `metrics.*`, `params.*` and `tags.*`; times are UTC."""
    import pandas as pd

    infos = [run_info(run) for run in runs]
    columns: dict[str, list[object]] = {
        name: [getattr(info, name) for info in infos] for name in _INFO
    }
    datas = [run_data(run) for run in runs]
    for kind in ("metrics", "params", "tags"):
        mappings = [getattr(data, kind) for data in datas]
        keys = sorted({key for mapping in mappings for key in mapping})
        columns |= {f"{kind}.{key}": [one.get(key) for one in mappings] for key in keys}
    frame: pd.DataFrame = pd.DataFrame(columns)
    for name in ("start_time", "end_time"):
        frame[name] = pd.to_datetime(frame[name], unit="ms", utc=True)
    return frame
