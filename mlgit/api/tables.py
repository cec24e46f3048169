"""Tables as artifacts, written row by row and read over many runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlgit.api import context
from mlgit.api.runs import current
from mlgit.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    import pandas as pd

    from mlgit.entities.run import Run


def log_table(
    data: Mapping[str, Any] | pd.DataFrame, artifact_file: str, run_id: str | None = None
) -> None:
    """Keep a table (.json or .parquet); rows are added to a table that is there."""
    context.client().log_table(run_id or current().live.id, data, artifact_file)


def load_table(
    artifact_file: str,
    run_ids: Sequence[str] | None = None,
    extra_columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The table of that name of each run, one below the other.

    Args:
        artifact_file: Its path below the artifacts.
        run_ids: The runs; those of the current experiment that have it when None.
        extra_columns: What to repeat in every row: `run_id`, `params.lr`, `metrics.loss`, ...

    Raises:
        NotFound: No run has such a table.
    """
    from mlgit import tables

    client = context.client()
    frames = []
    for run in _runs_with(artifact_file, run_ids):
        data = client.read_artifact(run.info.run_id, artifact_file)
        frame = tables.load_table_bytes(data, artifact_file)
        for name in extra_columns or ():
            frame[name] = _value(run, name)
        frames.append(frame)
    if not frames:
        raise NotFound(f"no run has a table {artifact_file!r}")
    return tables.stack(frames)


def _runs_with(artifact_file: str, run_ids: Sequence[str] | None) -> list[Run]:
    from mlgit.tables import TABLES_TAG, lists_table

    client = context.client()
    if run_ids is not None:
        return [client.get_run(run_id) for run_id in run_ids]
    found = client.search_runs([context.experiment().id], max_results=50_000)
    return [run for run in found if lists_table(run.data.tags.get(TABLES_TAG, ""), artifact_file)]


def _value(run: Run, column: str) -> Any:
    kind, _, key = column.partition(".")
    if kind in ("metrics", "params", "tags") and key:
        return getattr(run.data, kind).get(key)
    if hasattr(run.info, column):
        return getattr(run.info, column)
    raise InvalidValue(
        f"there is no column {column!r}", hint="run_id, run_name, params.<key>, metrics.<key>, ..."
    )
