"""MLflow's server over a store: workers agree, and clients elsewhere log artifacts through it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlgit import MlgitClient
from mlgit.where import parse_uri
from tests.mlflow import serving
from tests.mlflow.since import log_doubler, since

pytestmark = pytest.mark.full


@pytest.fixture
def server(ours: MlgitClient, tmp_path: Path) -> Iterator[str]:
    """The address of a server that also serves the artifacts."""
    pytest.importorskip("mlflow")
    destination = f"mlgit-artifacts:{parse_uri(ours.tracking_uri)}"
    log = tmp_path / "server.txt"
    with serving.server(ours.tracking_uri, log, "--artifacts-destination", destination) as url:
        yield url


def test_a_client_elsewhere_logs_through_the_server(server: str, ours: MlgitClient) -> None:
    import mlflow

    mlflow.set_tracking_uri(server)
    mlflow.set_registry_uri(None)
    mlflow.set_experiment("far")
    with mlflow.start_run() as run:
        for step in range(10):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
            # Every worker answers with what any of them was told.
            assert mlflow.get_run(run.info.run_id).data.metrics["loss"] == 1 / (step + 1)
        mlflow.log_text("hello", "notes/a.txt")
        mlflow.log_text("flavors: {}", "notes/MLmodel")
        log_doubler(mlflow)
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/runs/")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "hello"
    assert mlflow.pyfunc.load_model("models:/doubler/1").predict([3]) == [6]
    client = mlflow.MlflowClient()
    assert [one.name for one in client.search_registered_models()] == ["doubler"]
    assert [one.version for one in mlflow.search_model_versions()] == ["1"]
    mlflow.register_model(f"runs:/{run.info.run_id}/notes", "notes")
    for name in ("doubler", "notes"):
        uri = client.get_model_version_download_uri(name, "1")
        assert uri.startswith("mlflow-artifacts:/")  # nothing of the folder of the server
    assert Path(mlflow.artifacts.download_artifacts("models:/notes/1"), "a.txt").is_file()
    assert ours.read_artifact(run.info.run_id, "notes/a.txt") == b"hello"
    assert ours.get_run(run.info.run_id).info.status == "FINISHED"


@since("3.0", "logged models")
def test_a_model_logged_through_the_server_is_on_the_branch(server: str, ours: MlgitClient) -> None:
    import mlflow

    mlflow.set_tracking_uri(server)
    mlflow.set_registry_uri(None)
    mlflow.set_experiment("far")
    model = log_doubler(mlflow)
    assert ours.get_logged_model(model.model_id).status == "READY"


@since("2.5", "its summary of datasets")
def test_pages_have_a_summary_of_datasets(server: str) -> None:
    body = {"experiment_ids": ["0"]}
    assert (
        _asked(f"{server}/ajax-api/2.0/mlflow/experiments/search-datasets", body).get(
            "dataset_summaries", []
        )
        == []
    )


@since("3.17", "what its pages ask for today")
def test_pages_of_what_is_not_kept_are_empty(server: str) -> None:
    assert "store_type" in _asked(f"{server}/api/3.0/mlflow/server-info")
    traces = {"locations": [], "max_results": 5}
    assert _asked(f"{server}/ajax-api/3.0/mlflow/traces/search", traces).get("traces", []) == []


def _asked(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found
