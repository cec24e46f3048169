"""MLflow's server over a store: workers agree, and clients elsewhere log artifacts through it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mlgit import MlgitClient
from mlgit.where import parse_uri

pytestmark = pytest.mark.full
_PATIENCE = 90.0  # seconds until the server answers


@pytest.fixture
def server(ours: MlgitClient, tmp_path: Path) -> Iterator[str]:
    """The address of a server with two workers."""
    pytest.importorskip("mlflow")
    place = parse_uri(ours.tracking_uri)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    argv = [sys.executable, "-m", "mlflow", "server", "--workers", "2", "--port", str(port)]
    argv += ["--backend-store-uri", ours.tracking_uri]
    argv += ["--artifacts-destination", f"mlgit-artifacts:{place}"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    env = {**os.environ, **quiet, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with (tmp_path / "server.txt").open("wb") as log:
        child = subprocess.Popen(argv, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, child)
            yield url
        finally:
            os.killpg(child.pid, 15)
            child.wait(30)
    assert b"Traceback" not in (tmp_path / "server.txt").read_bytes()


def _wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and child.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=2):
            return
        time.sleep(0.2)
    pytest.fail("the server did not answer")


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
        model: Any = mlflow.pyfunc.log_model(
            name="model",
            python_model=lambda model_input: [2 * one for one in model_input],
            pip_requirements=[],
            registered_model_name="doubler",
        )
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/runs/")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "hello"
    assert mlflow.pyfunc.load_model("models:/doubler/1").predict([3]) == [6]
    assert [one.name for one in mlflow.search_registered_models()] == ["doubler"]
    assert ours.read_artifact(run.info.run_id, "notes/a.txt") == b"hello"
    assert ours.get_logged_model(model.model_id).status == "READY"
    assert ours.get_run(run.info.run_id).info.status == "FINISHED"


def test_pages_of_what_is_not_kept_are_empty(server: str) -> None:
    import json

    body = json.dumps({"locations": [], "max_results": 5}).encode()
    for path in ("api/3.0/mlflow/server-info", "ajax-api/2.0/mlflow/experiments/search-datasets"):
        is_get = path.endswith("info")
        asked = urllib.request.Request(
            f"{server}/{path}",
            data=None if is_get else json.dumps({"experiment_ids": ["0"]}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.status == 200
    asked = urllib.request.Request(
        f"{server}/ajax-api/3.0/mlflow/traces/search",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert json.loads(answer.read()).get("traces", []) == []
