"""The calls take MLflow's arguments in MLflow's order, so that code can be carried over."""

from __future__ import annotations

import inspect

import pytest

import mlgit

#: Name -> arguments as MLflow 3 has them; `=x` is a default, what follows `*` is by name only.
MLFLOW = {
    "active_run": "",
    "create_experiment": "name artifact_location=None tags=None",
    "delete_experiment": "experiment_id",
    "delete_experiment_tag": "key",
    "delete_run": "run_id",
    "delete_tag": "key",
    "end_run": "status='FINISHED'",
    "flush_async_logging": "",
    "get_artifact_uri": "artifact_path=None",
    "get_experiment": "experiment_id",
    "get_experiment_by_name": "name",
    "get_parent_run": "run_id",
    "get_run": "run_id",
    "last_active_run": "",
    "load_table": "artifact_file run_ids=None extra_columns=None",
    "log_artifact": "local_path artifact_path=None run_id=None",
    "log_artifacts": "local_dir artifact_path=None run_id=None",
    "log_dict": "dictionary artifact_file run_id=None",
    "log_figure": "figure artifact_file * save_kwargs=None",
    "log_image": ("image artifact_file=None key=None step=None timestamp=None synchronous=False"),
    "log_input": "dataset=None context=None tags=None model=None",
    "log_inputs": "datasets=None contexts=None tags_list=None models=None",
    "log_metric": (
        "key value step=None synchronous=None timestamp=None run_id=None model_id=None dataset=None"
    ),
    "log_metrics": (
        "metrics step=None synchronous=None run_id=None timestamp=None model_id=None dataset=None"
    ),
    "log_outputs": "models=None",
    "log_param": "key value synchronous=None",
    "log_params": "params synchronous=None run_id=None",
    "log_stream": "stream artifact_file run_id=None",
    "log_table": "data artifact_file run_id=None",
    "log_text": "text artifact_file run_id=None",
    "register_model": "model_uri name await_registration_for=0 * tags=None",
    "restore_experiment": "experiment_id",
    "restore_run": "run_id",
    "search_model_versions": "max_results=None filter_string=None order_by=None",
    "search_registered_models": "max_results=None filter_string=None order_by=None",
    "search_experiments": (
        "view_type=<ViewType.ACTIVE_ONLY: 1> max_results=None filter_string=None order_by=None"
    ),
    "search_runs": (
        "experiment_ids=None filter_string='' run_view_type=<ViewType.ACTIVE_ONLY: 1> "
        "max_results=100000 order_by=None output_format='pandas' search_all_experiments=False "
        "experiment_names=None"
    ),
    "set_experiment": "experiment_name=None experiment_id=None",
    "set_experiment_tag": "key value",
    "set_experiment_tags": "tags",
    "set_model_version_tag": "name version key value",
    "set_tag": "key value synchronous=None",
    "set_tags": "tags synchronous=None",
    "set_tracking_uri": "uri",
    "start_run": (
        "run_id=None experiment_id=None run_name=None nested=False parent_run_id=None tags=None "
        "description=None log_system_metrics=None"
    ),
    "client.create_experiment": "name artifact_location=None tags=None",
    "client.create_run": "experiment_id start_time=None tags=None run_name=None",
    "client.delete_experiment": "experiment_id",
    "client.delete_experiment_tag": "experiment_id key",
    "client.delete_run": "run_id",
    "client.delete_tag": "run_id key",
    "client.download_artifacts": "run_id path dst_path=None",
    "client.get_experiment": "experiment_id",
    "client.get_experiment_by_name": "name",
    "client.get_metric_history": "run_id key",
    "client.get_parent_run": "run_id",
    "client.get_run": "run_id",
    "client.list_artifacts": "run_id path=None",
    "client.log_artifact": "run_id local_path artifact_path=None",
    "client.log_artifacts": "run_id local_dir artifact_path=None",
    "client.log_batch": "run_id metrics=() params=() tags=() synchronous=None",
    "client.log_dict": "run_id dictionary artifact_file",
    "client.log_figure": "run_id figure artifact_file * save_kwargs=None",
    "client.log_image": (
        "run_id image artifact_file=None key=None step=None timestamp=None synchronous=None"
    ),
    "client.log_inputs": "run_id datasets=None models=None",
    "client.log_metric": (
        "run_id key value timestamp=None step=None synchronous=None dataset_name=None "
        "dataset_digest=None model_id=None"
    ),
    "client.log_outputs": "run_id models",
    "client.log_param": "run_id key value synchronous=None",
    "client.log_table": "run_id data artifact_file",
    "client.log_text": "run_id text artifact_file",
    "client.purge_run": "run_id force=False",
    "client.rename_experiment": "experiment_id new_name",
    "client.restore_experiment": "experiment_id",
    "client.restore_run": "run_id",
    "client.search_experiments": (
        "view_type=<ViewType.ACTIVE_ONLY: 1> max_results=1000 filter_string=None order_by=None "
        "page_token=None"
    ),
    "client.search_runs": (
        "experiment_ids filter_string='' run_view_type=<ViewType.ACTIVE_ONLY: 1> "
        "max_results=1000 order_by=None page_token=None"
    ),
    "client.set_experiment_tag": "experiment_id key value",
    "client.set_tag": "run_id key value synchronous=None",
    "client.set_terminated": "run_id status=None end_time=None",
    "client.update_run": "run_id status=None name=None",
}


def arguments(call: object) -> str:
    assert callable(call)
    found = []
    named_only = False
    for parameter in inspect.signature(call).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not named_only:
            named_only = True
            found.append("*")
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        found.append(parameter.name + default)
    return " ".join(found)


@pytest.mark.parametrize("name", MLFLOW)
def test_a_call_has_mlflows_signature(name: str) -> None:
    owner = mlgit.MlgitClient if name.startswith("client.") else mlgit
    assert arguments(getattr(owner, name.removeprefix("client."))) == MLFLOW[name]
