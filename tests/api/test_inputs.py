"""What a run read and made, and how the machine did meanwhile."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest

import mlgit
from mlgit.data import from_numpy
from mlgit.entities import LoggedModelInput, LoggedModelOutput
from mlgit.errors import InvalidValue

pytestmark = pytest.mark.usefixtures("store")


def dataset(name: str = "train", source: str = "s3://bucket/train.npy") -> mlgit.entities.Dataset:
    return from_numpy(np.arange(6.0).reshape(3, 2), source=source, name=name)


def test_a_dataset_is_kept_with_its_context_and_tags() -> None:
    with mlgit.start_run() as run:
        mlgit.log_input(dataset(), context="training", tags={"fold": "1"})
        assert len(run.inputs.dataset_inputs) == 1
    (used,) = mlgit.get_run(run.info.run_id).inputs.dataset_inputs
    assert used.dataset == dataset()
    assert {tag.key: tag.value for tag in used.tags} == {
        "mlflow.data.context": "training",
        "fold": "1",
    }


def test_several_datasets_and_models_at_once() -> None:
    with mlgit.start_run() as run:
        mlgit.log_inputs(
            [dataset("a"), dataset("b")],
            ["fit", None],
            [None, {"x": "y"}],
            [LoggedModelInput("m-1")],
        )
        mlgit.log_outputs([LoggedModelOutput("m-2", 3)])
    inputs = mlgit.get_run(run.info.run_id).inputs
    assert [used.dataset.name for used in inputs.dataset_inputs] == ["a", "b"]
    assert inputs.model_inputs == [LoggedModelInput("m-1")]
    assert mlgit.get_run(run.info.run_id).outputs.model_outputs == [LoggedModelOutput("m-2", 3)]


def test_lists_of_different_lengths_are_refused() -> None:
    with mlgit.start_run(), pytest.raises(InvalidValue, match="length"):
        mlgit.log_inputs([dataset()], ["fit", "test"])


def test_a_dataset_can_be_searched_for() -> None:
    with mlgit.start_run(run_name="with"):
        mlgit.log_input(dataset(), context="training")
    with mlgit.start_run(run_name="without"):
        pass
    found = mlgit.search_runs(filter_string="datasets.name = 'train'", output_format="list")
    assert [run.info.run_name for run in found] == ["with"]


def test_a_password_in_a_source_is_not_recorded() -> None:
    with mlgit.start_run() as run:
        mlgit.log_input(dataset(source="https://ada:hunter22secret@example.org/a.npy"))
    (used,) = mlgit.get_run(run.info.run_id).inputs.dataset_inputs
    assert "hunter22" not in used.dataset.source
    assert json.loads(used.dataset.source)["url"].endswith("@example.org/a.npy")


def test_the_machine_is_measured_when_asked_for() -> None:
    mlgit.set_system_metrics_sampling_interval(0.02)
    mlgit.enable_system_metrics_logging()
    with mlgit.start_run() as run:
        deadline = time.monotonic() + 30
        while "system/cpu_utilization_percentage" not in run.data.metrics:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    mlgit.disable_system_metrics_logging()
    with mlgit.start_run() as unmeasured:
        pass
    assert mlgit.get_run(unmeasured.info.run_id).data.metrics == {}


def test_where_it_cannot_be_measured_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.warns(UserWarning, match="psutil"), mlgit.start_run(log_system_metrics=True) as run:
        mlgit.log_metric("m", 1.0)
    assert mlgit.get_run(run.info.run_id).data.metrics == {"m": 1.0}
