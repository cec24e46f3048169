"""MLflow's fluent code, unchanged, with only its tracking URI set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlgit import MlgitClient
from tests.cli.harness import done
from tests.mlflow.since import log_doubler, since

pytestmark = pytest.mark.full


def test_a_run_with_all_that_is_logged(mlflow: Any, ours: MlgitClient) -> None:
    with mlflow.start_run(run_name="one", tags={"team": "risk"}) as run:
        mlflow.log_params({"lr": 0.1, "depth": 3})
        for step in range(5):
            mlflow.log_metric("acc", step / 10, step=step)
        seen = ours.get_run(run.info.run_id)  # by another client, while it runs
        assert (seen.info.status, seen.data.metrics["acc"]) == ("RUNNING", 0.4)
        mlflow.log_text("hello", "notes/a.txt")
        mlflow.log_dict({"a": 1}, "config.json")
        with mlflow.start_run(nested=True):
            mlflow.log_metric("loss", 1)
    uri = f"runs:/{run.info.run_id}"
    assert mlflow.artifacts.load_text(f"{uri}/notes/a.txt") == "hello"
    assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/config.json") == {"a": 1}
    client = mlflow.MlflowClient()
    assert [one.path for one in client.list_artifacts(run.info.run_id)] == ["config.json", "notes"]
    assert Path(mlflow.artifacts.download_artifacts(f"{uri}/notes")).is_dir()
    frame = mlflow.search_runs(experiment_names=["churn"], filter_string="metrics.acc > 0.3")
    assert list(frame["params.lr"]) == ["0.1"]
    assert "one" in done("runs")


def test_a_model_from_the_run_to_its_alias(mlflow: Any) -> None:
    with mlflow.start_run() as run:
        log_doubler(mlflow)
    assert mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model").predict([1, 2]) == [2, 4]
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("doubler", "champion", "1")
    assert mlflow.pyfunc.load_model("models:/doubler@champion").predict([3]) == [6]
    version = client.get_model_version_by_alias("doubler", "champion")
    assert version.run_id == run.info.run_id
    assert "champion" in done("models", "doubler")
    assert done("check") == ""


def test_files_of_a_run_that_goes_on_are_registered_as_they_are(mlflow: Any) -> None:
    with mlflow.start_run() as run:
        mlflow.log_text("flavors: {}", "model/MLmodel")
        mlflow.log_text("one", "model/weights.txt")
        made = mlflow.register_model(f"runs:/{run.info.run_id}/model", "churn")
        mlflow.log_text("two", "model/weights.txt")
    assert made.run_id == run.info.run_id
    files = Path(mlflow.artifacts.download_artifacts("models:/churn/1"))
    assert (files / "weights.txt").read_text() == "one"
    assert done("check", "--deep") == ""


@since("3.0", "logged models")
def test_a_logged_model_is_found_by_its_metrics(mlflow: Any) -> None:
    with mlflow.start_run() as run:
        info = log_doubler(mlflow)
        mlflow.log_metric("acc", 0.9, model_id=info.model_id)
    assert mlflow.MlflowClient().get_model_version("doubler", "1").model_id == info.model_id
    [found] = mlflow.search_logged_models(
        experiment_ids=[run.info.experiment_id],
        filter_string="metrics.acc > 0.5",
        output_format="list",
    )
    assert (found.model_id, str(found.status)) == (info.model_id, "READY")
    assert [one.value for one in found.metrics] == [0.9]
    assert done("check") == ""


@since("2.5", "its summary of datasets")
def test_datasets_are_summed_up_for_the_pages(mlflow: Any, ours: MlgitClient) -> None:
    import pandas as pd

    with mlflow.start_run() as run:
        data = mlflow.data.from_pandas(pd.DataFrame({"a": [1.0]}), name="train")
        mlflow.log_input(data, context="training")
    store = mlflow.tracking._tracking_service.utils._get_store()
    [found] = store._search_datasets([run.info.experiment_id])
    assert (found.name, found.digest, found.context) == ("train", data.digest, "training")
    assert ours.get_run(run.info.run_id).inputs.dataset_inputs[0].dataset.name == "train"


def test_what_a_gate_guards_is_denied_with_the_way_on(mlflow: Any) -> None:
    from mlflow.exceptions import MlflowException

    with mlflow.start_run() as run:
        mlflow.log_text("flavors: {}", "model/MLmodel")
    mlflow.register_model(f"runs:/{run.info.run_id}/model", "churn")
    policy = "models: {churn: {aliases: {production: {approvals: {count: 1}}}}}\n"
    Path("policy.yaml").write_text(policy)
    done("policy", "policy.yaml")
    client = mlflow.MlflowClient()
    with pytest.raises(MlflowException) as caught:
        client.set_registered_model_alias("churn", "production", "1")
    assert caught.value.error_code == "PERMISSION_DENIED"
    assert "mlgit promote churn@1 --to production" in str(caught.value)


@since("2.14", "traces")
def test_what_is_not_kept_is_said_and_pages_are_empty(mlflow: Any) -> None:
    from mlflow.exceptions import MlflowException

    store = mlflow.tracking._tracking_service.utils._get_store()
    assert store.search_traces() == ([], None)
    assert list(store.search_datasets()) == []
    with pytest.raises(MlflowException) as caught:
        store.get_trace_info("tr-1")
    assert (caught.value.error_code, caught.value.get_http_status_code()) == (
        "NOT_IMPLEMENTED",
        501,
    )
