"""What may be logged, what is kept of it, and what is refused: MLflow's SQL store, case by case."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest

import mlgit
from mlgit.entities import Metric, Param, RunTag
from mlgit.errors import InvalidState, InvalidValue

pytestmark = pytest.mark.usefixtures("store")

Points = list[tuple[float, int, int]]  # value, step, timestamp


def finished() -> mlgit.Run:
    """The active run, ended and read back from the branch."""
    run = mlgit.active_run()
    assert run is not None
    mlgit.end_run()
    return mlgit.get_run(run.info.run_id)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (0.1, "0.1"),
        ("text", "text"),
        (True, "True"),
        (None, "None"),
        ([1, 2], "[1, 2]"),
        ("", ""),
        ("a\nb", "a\nb"),
        ("ünï", "ünï"),
        ("x" * 6000, "x" * 6000),
    ],
)
def test_a_parameter_is_kept_as_text(value: object, kept: str) -> None:
    assert mlgit.log_param("p", value) is value
    assert finished().data.params == {"p": kept}


def test_a_parameter_that_is_too_long_is_cut_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="6000"):
        mlgit.log_param("p", "x" * 6001)
    assert finished().data.params == {"p": "x" * 6000}


def test_a_tag_that_is_too_long_is_cut_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="8000"):
        mlgit.set_tag("t", "x" * 8001)
    assert finished().data.tags["t"] == "x" * 8000


GOOD_KEYS = ["lr", "a/b", "a.b", "a b", "a-b_c:d", "x" * 250, "größe", "mean/loss.1"]
BAD_KEYS = ["", "x" * 251, "/a", "a//b", "a/../b", "..", ".", "./a", "a/", "a*b", "a\nb", "a@b"]


@pytest.mark.parametrize("key", GOOD_KEYS)
def test_a_key_mlflow_accepts_is_accepted(key: str) -> None:
    mlgit.log_param(key, 1)
    mlgit.log_metric(key, 1)
    mlgit.set_tag(key, 1)
    run = finished()
    assert run.data.params == {key: "1"}
    assert run.data.metrics == {key: 1.0}
    assert run.data.tags[key] == "1"


@pytest.mark.parametrize("key", BAD_KEYS)
@pytest.mark.parametrize("log", [mlgit.log_param, mlgit.log_metric, mlgit.set_tag])
def test_a_key_mlflow_refuses_is_refused(log: Any, key: str) -> None:
    with mlgit.start_run():
        for _ in range(2):  # the second time as the first
            with pytest.raises(InvalidValue):
                log(key, 1)


@pytest.mark.parametrize("keys", [("a", "a/b"), ("A", "a"), ("a/b", "a")])
def test_keys_that_would_clash_as_files_do_not(keys: tuple[str, str]) -> None:
    for key in keys:
        mlgit.log_metric(key, 1)
        mlgit.log_param(key, 1)
    run = finished()
    assert set(run.data.metrics) == set(run.data.params) == set(keys)


class TestParameters:
    def test_the_same_value_again_is_fine(self) -> None:
        mlgit.log_param("lr", 0.1)
        mlgit.log_param("lr", "0.1")
        mlgit.log_params({"lr": 0.1})
        assert finished().data.params == {"lr": "0.1"}

    def test_another_value_is_refused_naming_both(self) -> None:
        with mlgit.start_run() as run:
            mlgit.log_param("lr", 0.1)
            with pytest.raises(InvalidState, match=r"lr.*0\.1"):
                mlgit.log_param("lr", 0.2)
        assert mlgit.get_run(run.info.run_id).data.params == {"lr": "0.1"}

    def test_a_batch_with_a_conflict_changes_nothing(self) -> None:
        with mlgit.start_run() as run:
            mlgit.log_param("lr", 0.1)
            with pytest.raises(InvalidState):
                mlgit.log_params({"fresh": 1, "lr": 0.2})
        assert mlgit.get_run(run.info.run_id).data.params == {"lr": "0.1"}

    def test_a_published_run_holds_on_to_them_too(self) -> None:
        mlgit.log_param("lr", 0.1)
        run = finished()
        with pytest.raises(InvalidState):
            mlgit.log_params({"lr": 0.2}, run_id=run.info.run_id)

    def test_a_key_twice_in_a_batch_is_refused_even_with_one_value(self) -> None:
        client = mlgit.MlgitClient()
        with mlgit.start_run() as run, pytest.raises(InvalidValue, match="lr"):
            client.log_batch(run.info.run_id, params=[Param("lr", "1"), Param("lr", "1")])


class TestMetrics:
    @pytest.mark.parametrize(
        ("value", "kept"),
        [
            (1, 1.0),
            (True, 1.0),
            (np.float32(0.5), 0.5),
            (np.int64(3), 3.0),
            (np.array(2.5), 2.5),
            (math.inf, math.inf),
            (-math.inf, -math.inf),
            (1e308, 1e308),
            (5e-324, 5e-324),
            (-0.0, -0.0),
        ],
    )
    def test_a_number_is_kept(self, value: Any, kept: float) -> None:
        mlgit.log_metric("m", value)
        assert finished().data.metrics == {"m": kept}

    def test_nan_is_kept(self) -> None:
        mlgit.log_metric("m", math.nan)
        assert math.isnan(finished().data.metrics["m"])

    @pytest.mark.parametrize("value", [None, "", "x", [1], {}, 1j])
    def test_what_is_no_number_is_refused(self, value: Any) -> None:
        with mlgit.start_run():
            with pytest.raises(InvalidValue, match="m"):
                mlgit.log_metric("m", value)
            with pytest.raises(InvalidValue):
                mlgit.log_metrics({"m": value})

    @pytest.mark.parametrize(
        ("points", "last"),
        [
            ([(1.0, 0, 9), (2.0, 1, 8), (3.0, 2, 7)], 3.0),
            ([(3.0, 2, 7), (1.0, 0, 9)], 3.0),
            ([(1.0, 1, 5), (2.0, 1, 4)], 1.0),
            ([(1.0, 1, 5), (2.0, 1, 5)], 2.0),
            ([(2.0, 1, 5), (1.0, 1, 5)], 2.0),
            ([(1.0, -2, 5), (2.0, -1, 1)], 2.0),
        ],
    )
    def test_the_latest_is_the_highest_step_then_time_then_value(
        self, points: Points, last: float
    ) -> None:
        with mlgit.start_run() as run:
            for value, step, timestamp in points:
                mlgit.log_metric("m", value, step=step, timestamp=timestamp)
            assert run.data.metrics == {"m": last}
        assert mlgit.get_run(run.info.run_id).data.metrics == {"m": last}

    def test_a_step_is_a_whole_number_and_may_be_negative(self) -> None:
        with mlgit.start_run() as run:
            mlgit.log_metric("m", 1.0, step=-3)
            mlgit.log_metric("m", 2.0, step=1.0)  # type: ignore[arg-type]  # MLflow takes it too
            mlgit.log_metric("m", 3.0, step=np.int64(5))
        history = mlgit.MlgitClient().get_metric_history(run.info.run_id, "m")
        assert [point.step for point in history] == [-3, 1, 5]

    def test_a_time_before_1970_is_refused(self) -> None:
        with mlgit.start_run(), pytest.raises(InvalidValue):
            mlgit.log_metric("m", 1.0, timestamp=-1)

    def test_the_same_point_twice_is_one_point(self) -> None:
        with mlgit.start_run() as run:
            for _ in range(2):
                mlgit.log_metric("m", 1.0, step=1, timestamp=5)
        assert len(mlgit.MlgitClient().get_metric_history(run.info.run_id, "m")) == 1

    def test_a_call_may_name_a_time_a_step_a_model_and_a_dataset(self) -> None:
        from mlgit.data import from_numpy

        dataset = from_numpy(np.zeros(3), name="probe")
        with mlgit.start_run() as run:
            mlgit.log_metrics(
                {"a": 1, "b": 2}, step=4, timestamp=77, model_id="m-1", dataset=dataset
            )
        (point,) = mlgit.MlgitClient().get_metric_history(run.info.run_id, "b")
        assert point == Metric("b", 2.0, 77, 4, "m-1", "probe", dataset.digest, run.info.run_id)

    def test_a_refused_value_keeps_the_rest_of_its_batch_out(self) -> None:
        with mlgit.start_run() as run, pytest.raises(InvalidValue):
            mlgit.log_metrics({"good": 1.0, "bad": "x"})  # type: ignore[dict-item]
        assert mlgit.get_run(run.info.run_id).data.metrics == {}


class TestTags:
    def test_a_tag_may_change_and_go(self) -> None:
        mlgit.set_tags({"a": 1, "b": 2})
        mlgit.set_tag("a", 3)
        mlgit.delete_tag("b")
        tags = finished().data.tags
        assert tags["a"] == "3"
        assert "b" not in tags

    def test_deleting_a_tag_that_is_not_there_is_an_error(self) -> None:
        from mlgit.errors import NotFound

        with mlgit.start_run(), pytest.raises(NotFound, match="nosuch"):
            mlgit.delete_tag("nosuch")

    def test_the_name_and_its_tag_are_one(self) -> None:
        mlgit.set_tag("mlflow.runName", "renamed")
        run = finished()
        assert (run.info.run_name, run.data.tags["mlflow.runName"]) == ("renamed", "renamed")
        mlgit.MlgitClient().update_run(run.info.run_id, name="again")
        run = mlgit.get_run(run.info.run_id)
        assert (run.info.run_name, run.data.tags["mlflow.runName"]) == ("again", "again")


class TestLoggingToARunThatEnded:
    def test_it_is_accepted_and_the_status_stays(self) -> None:
        with mlgit.start_run() as run:
            mlgit.log_metric("m", 1.0, step=1)
        mlgit.log_metric("m", 2.0, step=2, run_id=run.info.run_id)
        mlgit.log_metrics({"n": 3.0}, run_id=run.info.run_id)
        mlgit.log_params({"lr": 1}, run_id=run.info.run_id)
        mlgit.log_text("late", "late.txt", run_id=run.info.run_id)
        mlgit.MlgitClient().set_tag(run.info.run_id, "t", "x")
        again = mlgit.get_run(run.info.run_id)
        assert again.info.status == "FINISHED"
        assert again.info.end_time == mlgit.get_run(run.info.run_id).info.end_time
        assert again.data.metrics == {"m": 2.0, "n": 3.0}
        assert again.data.params == {"lr": "1"}
        assert again.data.tags["t"] == "x"
        assert mlgit.load_text(f"runs:/{run.info.run_id}/late.txt") == "late"
        assert mlgit.active_run() is None

    def test_a_deleted_run_takes_nothing_more(self) -> None:
        with mlgit.start_run() as run:
            pass
        mlgit.delete_run(run.info.run_id)
        client = mlgit.MlgitClient()
        for call in (
            partial(client.log_metric, run.info.run_id, "m", 1.0),
            partial(client.log_param, run.info.run_id, "p", 1),
            partial(client.set_tag, run.info.run_id, "t", 1),
        ):
            with pytest.raises(InvalidState, match="deleted"):
                call()
        mlgit.restore_run(run.info.run_id)
        client.log_metric(run.info.run_id, "m", 1.0)
        assert mlgit.get_run(run.info.run_id).data.metrics == {"m": 1.0}


class TestBatches:
    @pytest.mark.parametrize(
        ("metrics", "params", "tags"), [(1000, 0, 0), (0, 100, 0), (0, 0, 100), (800, 100, 100)]
    )
    def test_mlflows_limits_are_accepted(self, metrics: int, params: int, tags: int) -> None:
        client = mlgit.MlgitClient()
        with mlgit.start_run() as run:
            client.log_batch(
                run.info.run_id,
                [Metric("m", float(n), n, n) for n in range(metrics)],
                [Param(f"p{n}", "1") for n in range(params)],
                [RunTag(f"t{n}", "1") for n in range(tags)],
            )
        again = mlgit.get_run(run.info.run_id)
        assert len(client.get_metric_history(run.info.run_id, "m")) == metrics
        assert len(again.data.params) == params
        assert len([key for key in again.data.tags if key.startswith("t")]) == tags

    @pytest.mark.parametrize(
        "wrong",
        [
            {"metrics": [Metric("m", 1.0, 1, 1), Metric("../m", 1.0, 1, 1)]},
            {"metrics": [Metric("m", 1.0, 1, 1), Metric("m", None, 1, 1)]},  # type: ignore[arg-type]
            {"metrics": [Metric("m", 1.0, 1, 1), Metric("m", 1.0, -1, 1)]},
            {"params": [Param("p", "1"), Param("p", "1")]},
            {"params": [Param("p", "1"), Param("fixed", "2")]},
            {"params": [Param("p", "1"), Param("", "2")]},
            {"tags": [RunTag("t", "1"), RunTag("../t", "2")]},
            {"tags": [RunTag("t", "1"), RunTag("mlflow.runName", "")]},
        ],
    )
    def test_a_batch_with_one_thing_wrong_leaves_no_trace(self, wrong: dict[str, Any]) -> None:
        client = mlgit.MlgitClient()
        right: dict[str, Any] = {
            "metrics": [Metric("m", 1.0, 1, 1)],
            "params": [Param("p", "1")],
            "tags": [RunTag("t", "1")],
        }
        with mlgit.start_run() as run:
            mlgit.log_param("fixed", 1)
            before = mlgit.get_run(run.info.run_id).to_dictionary()
            with pytest.raises((InvalidValue, InvalidState)):
                client.log_batch(run.info.run_id, **{**right, **wrong})
            assert mlgit.get_run(run.info.run_id).to_dictionary() == before
        assert mlgit.get_run(run.info.run_id).data.params == {"fixed": "1"}
        client.log_batch(run.info.run_id, **right)
        assert mlgit.get_run(run.info.run_id).data.metrics == {"m": 1.0}

    def test_the_last_value_of_a_tag_counts(self) -> None:
        with mlgit.start_run() as run:
            tags = [RunTag("t", "1"), RunTag("t", "2")]
            mlgit.MlgitClient().log_batch(run.info.run_id, tags=tags)
        assert mlgit.get_run(run.info.run_id).data.tags["t"] == "2"

    def test_larger_batches_are_taken_apart(self) -> None:
        client = mlgit.MlgitClient()
        with mlgit.start_run() as run:
            client.log_batch(run.info.run_id, [Metric("m", 1.0, n, n) for n in range(2500)])
        assert len(client.get_metric_history(run.info.run_id, "m")) == 2500
