"""MLflow itself, on a database of its own, beside a store of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlgit import MlgitClient
from mlgit.runs import capture
from mlgit.store.store import Store


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database of MLflow, made once: its migrations take seconds."""
    pytest.importorskip("mlflow", reason="MLflow is installed by `.ci/full mlflow`")
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    _client(path).search_registered_models()
    return path


@pytest.fixture
def theirs(template: Path, tmp_path: Path) -> Any:
    """MLflow's own client, on a new database."""
    return _client(Path(shutil.copy(template, tmp_path / "mlflow.db")))


def _client(path: Path) -> Any:
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{path}"
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@pytest.fixture
def ours(repo: Path) -> Iterator[MlgitClient]:
    """Our client, on a new store."""
    capture.forget()
    Store.init(repo)
    yield MlgitClient()
    capture.forget()


@pytest.fixture
def bridged(ours: MlgitClient) -> Any:
    """MLflow's client on the same store, through the plugins."""
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=ours.tracking_uri, registry_uri=ours.tracking_uri)


@pytest.fixture
def mlflow(ours: MlgitClient) -> Any:
    """MLflow's fluent functions, on the same store."""
    mlflow = pytest.importorskip("mlflow")

    mlflow.set_tracking_uri(ours.tracking_uri)  # `mlgit:.` is meant once a process
    mlflow.set_registry_uri(None)
    mlflow.set_experiment("churn")
    return mlflow
