"""mlgit: experiment tracking as plain files on a git branch.

The names below are loaded on first use, so that importing mlgit costs nothing. With
`MLGIT_DISABLED=1` in the environment they are stand-ins that do nothing (`mlgit.disabled`).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # true for type checkers; importing `typing` would cost more than all below
if TYPE_CHECKING:
    from typing import Any

    from mlgit import data, entities, errors
    from mlgit.api.active import ActiveRun, active_run, end_run, last_active_run
    from mlgit.api.artifacts import (
        get_artifact_uri,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_stream,
        log_text,
    )
    from mlgit.api.downloads import (
        download_artifacts,
        list_artifacts,
        load_dict,
        load_image,
        load_text,
    )
    from mlgit.api.experiments import (
        create_experiment,
        delete_experiment,
        delete_experiment_tag,
        get_experiment,
        get_experiment_by_name,
        restore_experiment,
        search_experiments,
        set_experiment,
        set_experiment_tag,
        set_experiment_tags,
    )
    from mlgit.api.inputs import log_input, log_inputs, log_outputs
    from mlgit.api.log import (
        delete_tag,
        flush_async_logging,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        set_tag,
        set_tags,
    )
    from mlgit.api.models import get_logged_model, log_model
    from mlgit.api.registry import (
        register_model,
        search_model_versions,
        search_registered_models,
        set_model_version_tag,
    )
    from mlgit.api.runs import delete_run, get_parent_run, get_run, restore_run, start_run
    from mlgit.api.search import search_runs
    from mlgit.api.settings import (
        disable_system_metrics_logging,
        enable_system_metrics_logging,
        get_tracking_uri,
        is_tracking_uri_set,
        set_system_metrics_sampling_interval,
        set_tracking_uri,
    )
    from mlgit.api.tables import load_table, log_table
    from mlgit.client import MlgitClient
    from mlgit.entities import Experiment, Metric, Param, Run, RunStatus, RunTag, ViewType
    from mlgit.errors import MlgitError

__all__ = [
    "ActiveRun",
    "Experiment",
    "Metric",
    "MlgitClient",
    "MlgitError",
    "Param",
    "Run",
    "RunStatus",
    "RunTag",
    "ViewType",
    "active_run",
    "create_experiment",
    "data",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_run",
    "delete_tag",
    "disable_system_metrics_logging",
    "download_artifacts",
    "enable_system_metrics_logging",
    "end_run",
    "entities",
    "errors",
    "flush_async_logging",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_logged_model",
    "get_parent_run",
    "get_run",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "last_active_run",
    "list_artifacts",
    "load_dict",
    "load_image",
    "load_table",
    "load_text",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_outputs",
    "log_param",
    "log_params",
    "log_stream",
    "log_table",
    "log_text",
    "register_model",
    "restore_experiment",
    "restore_run",
    "search_experiments",
    "search_model_versions",
    "search_registered_models",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_model_version_tag",
    "set_system_metrics_sampling_interval",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "start_run",
]

_DISABLED = os.environ.get("MLGIT_DISABLED", "").lower() in ("1", "true", "yes", "on")
_SUBMODULES = ("data", "entities", "errors")
_MODULES = {
    "api.active": "ActiveRun active_run end_run last_active_run",
    "api.artifacts": (
        "get_artifact_uri log_artifact log_artifacts log_dict log_figure log_image "
        "log_stream log_text"
    ),
    "api.downloads": "download_artifacts list_artifacts load_dict load_image load_text",
    "api.experiments": (
        "create_experiment delete_experiment delete_experiment_tag get_experiment "
        "get_experiment_by_name restore_experiment search_experiments set_experiment "
        "set_experiment_tag set_experiment_tags"
    ),
    "api.inputs": "log_input log_inputs log_outputs",
    "api.log": (
        "delete_tag flush_async_logging log_metric log_metrics log_param log_params "
        "set_tag set_tags"
    ),
    "api.models": "get_logged_model log_model",
    "api.registry": (
        "register_model search_model_versions search_registered_models set_model_version_tag"
    ),
    "api.runs": "delete_run get_parent_run get_run restore_run start_run",
    "api.search": "search_runs",
    "api.settings": (
        "disable_system_metrics_logging enable_system_metrics_logging get_tracking_uri "
        "is_tracking_uri_set set_system_metrics_sampling_interval set_tracking_uri"
    ),
    "api.tables": "load_table log_table",
    "client": "MlgitClient",
    "entities": "Experiment Metric Param Run RunStatus RunTag ViewType",
    "errors": "MlgitError",
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        return import_module("importlib.metadata").version("mlgit")
    if name in _SUBMODULES:
        return import_module(f"mlgit.{name}")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'mlgit' has no attribute {name!r}")
    module = "disabled" if _DISABLED and home.startswith(("api", "client")) else home
    value = getattr(import_module(f"mlgit.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_HOME, *_SUBMODULES, "__version__"])
