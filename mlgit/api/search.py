"""Finding runs, as a data frame or as a list."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from mlgit.api import context
from mlgit.entities.values import ViewType
from mlgit.errors import InvalidValue

if TYPE_CHECKING:
    import pandas as pd

    from mlgit.entities.run import Run

MAX_RESULTS = 100_000


@overload
def search_runs(
    experiment_ids: Sequence[str] | None = ...,
    filter_string: str = ...,
    run_view_type: int = ...,
    max_results: int = ...,
    order_by: Sequence[str] | None = ...,
    output_format: Literal["pandas"] = ...,
    search_all_experiments: bool = ...,
    experiment_names: Sequence[str] | None = ...,
) -> pd.DataFrame: ...
@overload
def search_runs(
    experiment_ids: Sequence[str] | None = ...,
    filter_string: str = ...,
    run_view_type: int = ...,
    max_results: int = ...,
    order_by: Sequence[str] | None = ...,
    *,
    output_format: Literal["list"],
    search_all_experiments: bool = ...,
    experiment_names: Sequence[str] | None = ...,
) -> list[Run]: ...
def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = MAX_RESULTS,
    order_by: Sequence[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> pd.DataFrame | list[Run]:
    """Find runs, newest first.

    Args:
        experiment_ids: Of these experiments; of the current one when nothing is named.
        filter_string: Such as `metrics.loss < 0.1 AND params.model = 'tree'`; `mlgit help filters`.
        run_view_type: Active runs, deleted ones, or all.
        max_results: At most so many.
        order_by: Such as `["metrics.loss ASC"]`.
        output_format: "pandas" for a data frame (a row a run), "list" for runs.
        search_all_experiments: Of all experiments when none is named.
        experiment_names: Of the experiments of these names.

    Raises:
        InvalidValue: The filter, the order or the form cannot be read.
    """
    if output_format not in ("pandas", "list"):
        raise InvalidValue(f"output_format is 'pandas' or 'list', not {output_format!r}")
    ids = _experiments(experiment_ids, experiment_names, search_all_experiments)
    client = context.client()
    if output_format == "list":
        return client.find_runs(ids, filter_string, run_view_type, max_results, order_by)
    return client.runs_frame(ids, filter_string, run_view_type, max_results, order_by)


def _experiments(
    ids: Sequence[str] | None, names: Sequence[str] | None, everywhere: bool
) -> list[str] | None:
    """Ids of the experiments to search; None for all of them."""
    if ids and names:
        raise InvalidValue("name experiments either by experiment_ids or by experiment_names")
    if names:
        return _named(names)
    if ids:
        return [str(one) for one in ids]
    return None if everywhere else [context.experiment().id]


def _named(names: Sequence[str]) -> list[str]:
    found = {name: context.client().get_experiment_by_name(name) for name in names}
    missing = [name for name, experiment in found.items() if experiment is None]
    if missing:
        warnings.warn(f"there is no experiment {', '.join(missing)}", stacklevel=4)
    return [experiment.experiment_id for experiment in found.values() if experiment is not None]
