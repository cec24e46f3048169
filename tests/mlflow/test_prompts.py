"""Prompts are registered models of a kind, and `mlflow.evaluate` is a run with artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mlgit import MlgitClient
from tests.mlflow.since import since

pytestmark = [pytest.mark.full, since("3.17", "prompts of today")]


@pytest.fixture
def mlflow(ours: MlgitClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The fluent API on the store."""
    found = pytest.importorskip("mlflow")
    monkeypatch.setenv("MPLBACKEND", "agg")
    found.set_tracking_uri(ours.tracking_uri)
    found.set_registry_uri(ours.tracking_uri)
    found.set_experiment("prompts")  # MLflow remembers that of the last test
    yield found
    found.set_tracking_uri(None)
    found.set_registry_uri(None)


def test_a_prompt_has_versions_and_aliases(mlflow: Any, ours: MlgitClient) -> None:
    genai = mlflow.genai
    genai.register_prompt("greet", "Hello {{name}}", commit_message="first", tags={"a": "b"})
    second = genai.register_prompt("greet", "Good day {{name}}")
    genai.set_prompt_alias("greet", "live", second.version)
    assert genai.load_prompt("prompts:/greet@live").format(name="Ada") == "Good day Ada"
    assert genai.load_prompt("prompts:/greet/1").template == "Hello {{name}}"
    assert [one.name for one in genai.search_prompts()] == ["greet"]
    assert ours.get_registered_model("greet").aliases == {"live": "2"}
    genai.delete_prompt_alias("greet", "live")
    assert ours.get_registered_model("greet").aliases == {}


def test_an_evaluation_leaves_metrics_and_files(mlflow: Any, ours: MlgitClient) -> None:
    import pandas as pd

    data = pd.DataFrame({"x": [1.0, 2.0, 3.0], "wanted": [1.0, 2.0, 4.0]})
    with mlflow.start_run() as run:
        mlflow.models.evaluate(
            lambda frame: frame["x"], data, targets="wanted", model_type="regressor"
        )
    found = ours.get_run(run.info.run_id)
    assert found.data.metrics["mean_absolute_error"] == pytest.approx(1 / 3)
    assert found.inputs.dataset_inputs
    assert mlflow.artifacts.download_artifacts(run_id=run.info.run_id)
