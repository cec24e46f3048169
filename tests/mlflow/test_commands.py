"""MLflow's own command line on a store."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mlgit import MlgitClient
from mlgit.errors import NotFound
from tests.cli.harness import done
from tests.mlflow.serving import QUIET
from tests.mlflow.since import log_doubler

pytestmark = pytest.mark.full
_PATIENCE = 90.0  # seconds until the scoring server answers


def environment(ours: MlgitClient) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, **QUIET, "PATH": path, "MLFLOW_TRACKING_URI": ours.tracking_uri}


def run(ours: MlgitClient, *argv: str) -> str:
    """What a command prints."""
    pytest.importorskip("mlflow")
    command = [sys.executable, "-m", "mlflow", *argv]
    ended = subprocess.run(command, env=environment(ours), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_experiments(ours: MlgitClient, tmp_path: Path) -> None:
    run(ours, "experiments", "create", "--experiment-name", "churn")
    [found] = [one for one in ours.search_experiments() if one.name == "churn"]
    number = found.experiment_id
    assert "churn" in run(ours, "experiments", "search")
    run(ours, "experiments", "rename", "--experiment-id", number, "--new-name", "leavers")
    assert ours.get_experiment(number).name == "leavers"
    ours.set_terminated(ours.create_run(number, run_name="one").info.run_id)
    table = tmp_path / "runs.csv"
    run(ours, "experiments", "csv", "--experiment-id", number, "--filename", str(table))
    assert "one" in table.read_text()
    run(ours, "experiments", "delete", "--experiment-id", number)
    assert ours.get_experiment(number).lifecycle_stage == "deleted"
    run(ours, "experiments", "restore", "--experiment-id", number)
    assert ours.get_experiment(number).lifecycle_stage == "active"


def test_runs_artifacts_and_gc(ours: MlgitClient, tmp_path: Path) -> None:
    run_id = ours.create_run("0", run_name="one").info.run_id
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    run(ours, "artifacts", "log-artifact", "--run-id", run_id, "--local-file", str(file))
    ours.set_terminated(run_id)
    assert "notes.txt" in run(ours, "artifacts", "list", "--run-id", run_id)
    place = run(ours, "artifacts", "download", "--run-id", run_id, "--artifact-path", "notes.txt")
    assert Path(place.strip().splitlines()[-1]).read_text() == "hello"
    assert "one" in run(ours, "runs", "list", "--experiment-id", "0")
    assert (
        json.loads(run(ours, "runs", "describe", "--run-id", run_id))["info"]["run_name"] == "one"
    )
    run(ours, "runs", "delete", "--run-id", run_id)
    run(ours, "runs", "restore", "--run-id", run_id)
    run(ours, "runs", "delete", "--run-id", run_id)
    gc(ours)
    assert "one" not in done("runs")
    assert done("check") == ""


def gc(ours: MlgitClient, *argv: str) -> None:
    uri = ours.tracking_uri
    run(ours, "gc", "--backend-store-uri", uri, "--tracking-uri", uri, *argv)


def test_gc_leaves_what_is_younger_and_what_a_version_came_from(ours: MlgitClient) -> None:
    registered, plain = (ours.create_run("0", run_name=name).info.run_id for name in ("a", "b"))
    ours.create_registered_model("churn")
    ours.create_model_version("churn", f"runs:/{registered}/model", registered)
    for run_id in (registered, plain):
        ours.set_terminated(run_id)
        ours.delete_run(run_id)
    gc(ours, "--older-than", "1d")
    assert ours.get_run(plain).info.lifecycle_stage == "deleted"
    gc(ours)
    assert ours.get_run(registered).info.lifecycle_stage == "deleted"
    with pytest.raises(NotFound):
        ours.get_run(plain)


def test_a_model_is_served_by_its_alias(ours: MlgitClient) -> None:
    mlflow: Any = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri(ours.tracking_uri)
    mlflow.set_registry_uri(None)
    mlflow.set_experiment("served")
    with mlflow.start_run():
        log_doubler(mlflow)
    ours.set_registered_model_alias("doubler", "champion", "1")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    argv = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/doubler@champion"]
    argv += ["--env-manager", "local", "--port", port]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        argv, env=environment(ours), stdout=quiet, stderr=quiet, start_new_session=True
    ) as child:
        try:
            assert _scored(f"http://127.0.0.1:{port}/invocations", {"inputs": [3]}) == [6]
        finally:
            os.killpg(child.pid, 15)


def _scored(url: str, body: dict[str, Any]) -> Any:
    head = {"Content-Type": "application/json"}
    asked = urllib.request.Request(url, json.dumps(body).encode(), head)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(asked, timeout=30) as reply:
            return json.load(reply)["predictions"]
        time.sleep(0.3)
    pytest.fail("the model was not served")
