"""What MLflow itself wrote comes over, and what goes back MLflow itself reads: all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mlgit import MlgitClient
from mlgit.bridges.exporting.export import export
from mlgit.bridges.exporting.mlflow import open_sink
from mlgit.bridges.importing.bring import bring
from mlgit.bridges.sources.mlflow import open_mlflow
from tests.mlflow.everything import differences, everything
from tests.mlflow.serving import server
from tests.mlflow.since import since

pytestmark = [pytest.mark.full, since("3.0", "logged models")]
STORES = {"files": "file:{}/mlruns", "database": "sqlite:///{}/mlflow.db"}


@pytest.fixture(autouse=True)
def home(ours: MlgitClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # noqa: ARG001
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    (tmp_path / "old").mkdir()
    monkeypatch.chdir(tmp_path / "old")  # where MLflow puts the artifacts of a database


def client_of(uri: str) -> Any:
    pytest.importorskip("mlflow")
    from mlflow import MlflowClient

    return MlflowClient(uri, uri)


def fill(uri: str) -> None:
    """A store with all there is, made as a user makes it."""
    import mlflow
    import pandas as pd

    client = client_of(uri)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client.create_experiment("churn", tags={"team": "risk", "mlflow.note.content": "who leaves"})
    client.delete_experiment(client.create_experiment("gone"))
    mlflow.set_experiment("churn")
    with mlflow.start_run(run_name="full", tags={"a/b": "c"}) as run:
        mlflow.log_metrics({"nan": float("nan"), "inf": float("inf"), "deep/er": 1.0}, step=-1)
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_text("hello", "notes/a.txt")
        data = mlflow.data.from_pandas(pd.DataFrame({"x": [1.0]}), name="train")
        mlflow.log_input(data, "training")
        made = mlflow.pyfunc.log_model(
            name="model", python_model=_same, registered_model_name="churn", pip_requirements=[]
        )
        mlflow.log_metric("acc", 0.9, step=3, model_id=made.model_id, dataset=data)
        with mlflow.start_run(nested=True, run_name="kid"):
            mlflow.log_params({"lr": 0.1, "text": "two\nlines"})
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)
    client.delete_run(client.create_run(run.info.experiment_id).info.run_id)
    for _ in range(2):
        client.create_model_version("churn", f"runs:/{run.info.run_id}/notes", run.info.run_id)
    client.delete_model_version("churn", "2")
    client.transition_model_version_stage("churn", "3", "Production")
    client.set_registered_model_alias("churn", "champion", "1")
    client.set_model_version_tag("churn", "1", "checked", "yes")


def _same(model_input: list[float]) -> list[float]:
    return model_input


def assert_same(first: Any, second: Any) -> None:
    """But for one thing: MLflow's file store reads a metric with a dataset back at step 0."""
    found = differences(everything(first), everything(second))
    assert [one for one in found if "/points/acc" not in one] == []


@contextmanager
def served(uri: str, tmp_path: Path) -> Iterator[str]:
    with server(uri, tmp_path / "server.txt", workers=1) as url:
        yield url


@pytest.mark.parametrize("kind", STORES)
def test_what_comes_over_is_the_same(
    kind: str, bridged: Any, ours: MlgitClient, tmp_path: Path
) -> None:
    uri = STORES[kind].format(tmp_path / "old")
    fill(uri)
    found = bring(ours.tracker.store, open_mlflow(uri))
    assert (found.runs, found.models, found.versions, found.lost) == (3, 1, 3, [])
    assert_same(bridged, client_of(uri))
    assert next(iter(ours.get_metric_history(_full(ours), "acc"))).step == 3


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("into", STORES)
def test_what_goes_back_is_the_same(
    kind: str, into: str, ours: MlgitClient, tmp_path: Path
) -> None:
    before = STORES[kind].format(tmp_path / "old")
    fill(before)
    bring(ours.tracker.store, open_mlflow(before))
    (tmp_path / "new").mkdir()
    after = STORES[into].format(tmp_path / "new")
    gone = export(ours.tracker.store, open_sink(after.removeprefix("file:")))
    assert (gone.runs, gone.models, gone.versions, gone.lost) == (3, 1, 3, [])
    assert_same(client_of(before), client_of(after))
    assert _loaded(after, "models:/churn@champion") == [1.0]


def test_a_server_comes_over_with_its_artifacts(
    bridged: Any, ours: MlgitClient, tmp_path: Path
) -> None:
    uri = STORES["database"].format(tmp_path / "old")
    fill(uri)
    with served(uri, tmp_path) as url:
        found = bring(ours.tracker.store, open_mlflow(url), remote=True)
        assert (found.runs, found.models, found.versions) == (3, 1, 2)
        assert_same(bridged, client_of(url))
    assert _loaded(ours.tracking_uri, "models:/churn@champion") == [1.0]


def _full(ours: MlgitClient) -> str:
    ids = [one.experiment_id for one in ours.search_experiments()]
    return ours.search_runs(ids, "run_name = 'full'")[0].info.run_id


def _loaded(uri: str, model: str) -> Any:
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        return mlflow.pyfunc.load_model(model).predict([1.0])
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
