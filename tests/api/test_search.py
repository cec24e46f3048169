"""Finding runs: as a data frame, as a list, page by page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import mlgit
from mlgit.entities import ViewType
from mlgit.errors import InvalidValue, NotFound
from mlgit.store.store import Store

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def runs(store: Store) -> list[mlgit.Run]:  # noqa: ARG001  # it must be there first
    """Three runs of `churn` with loss 0, 1 and 2, and one of another experiment."""
    mlgit.set_experiment("other")
    with mlgit.start_run(run_name="elsewhere"):
        mlgit.log_metric("loss", 0.5)
    mlgit.set_experiment("churn")
    made: list[mlgit.Run] = []
    for number in range(3):
        with mlgit.start_run(run_name=f"r{number}", tags={"team": "blue"}) as run:
            mlgit.log_param("lr", 10**-number)
            mlgit.log_metric("loss", number)
            made.append(run)
    return made


def found(filter_string: str = "", **options: Any) -> list[str]:
    listed = mlgit.search_runs(
        filter_string=filter_string,
        output_format="list",
        **options,
    )
    assert isinstance(listed, list)
    return [run.info.run_name for run in listed]


@pytest.mark.usefixtures("runs")
def test_the_chosen_experiment_newest_first() -> None:
    assert found() == ["r2", "r1", "r0"]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("filter_string", "names"),
    [
        ("metrics.loss < 2", {"r0", "r1"}),
        ("metrics.loss = 1 AND params.lr = '0.1'", {"r1"}),
        ("tags.team = 'blue'", {"r0", "r1", "r2"}),
        ("attributes.status = 'FINISHED'", {"r0", "r1", "r2"}),
        ("run_name LIKE 'r%' and metrics.nosuch > 0", set()),
        ("tags.`mlflow.runName` = 'r1'", {"r1"}),
    ],
)
def test_a_filter_selects(filter_string: str, names: set[str]) -> None:
    assert set(found(filter_string)) == names


@pytest.mark.usefixtures("runs")
def test_the_order_can_be_said() -> None:
    assert found(order_by=["metrics.loss ASC"]) == ["r0", "r1", "r2"]
    assert found(order_by=["params.lr DESC"], max_results=1) == ["r0"]


@pytest.mark.usefixtures("runs")
def test_other_experiments_by_name_by_id_or_all() -> None:
    other = mlgit.get_experiment_by_name("other")
    assert other is not None
    assert found(experiment_names=["other"]) == ["elsewhere"]
    assert found(experiment_ids=[other.experiment_id]) == ["elsewhere"]
    assert set(found(search_all_experiments=True)) == {"r0", "r1", "r2", "elsewhere"}
    assert found(experiment_ids=["123456"]) == []


@pytest.mark.usefixtures("runs")
def test_names_and_ids_together_are_refused() -> None:
    with pytest.raises(InvalidValue):
        found(experiment_ids=["0"], experiment_names=["other"])


@pytest.mark.usefixtures("runs")
def test_a_name_nobody_has_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="nosuch"):
        assert found(experiment_names=["nosuch"]) == []


def test_the_view_says_which_lifecycles(runs: list[mlgit.Run]) -> None:
    mlgit.delete_run(runs[1].info.run_id)
    assert found() == ["r2", "r0"]
    assert found(run_view_type=ViewType.DELETED_ONLY) == ["r1"]
    assert found(run_view_type=ViewType.ALL) == ["r2", "r1", "r0"]
    mlgit.restore_run(runs[1].info.run_id)
    assert found() == ["r2", "r1", "r0"]


def test_a_data_frame_has_a_column_a_key(runs: list[mlgit.Run]) -> None:
    frame = mlgit.search_runs()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["run_id"]) == [run.info.run_id for run in reversed(runs)]
    assert list(frame["metrics.loss"]) == [2.0, 1.0, 0.0]
    assert list(frame["params.lr"]) == ["0.01", "0.1", "1"]
    assert list(frame["tags.mlflow.runName"]) == ["r2", "r1", "r0"]
    assert {"experiment_id", "status", "artifact_uri", "start_time", "end_time"} <= set(frame)
    assert str(frame["start_time"].dtype).endswith("UTC]")


def test_no_runs_are_an_empty_frame() -> None:
    frame = mlgit.search_runs()
    assert isinstance(frame, pd.DataFrame)
    assert frame.empty


def test_a_run_that_lives_is_found() -> None:
    mlgit.set_experiment("churn")
    with mlgit.start_run(run_name="live"):
        mlgit.log_metric("loss", 0.25)
        assert found("metrics.loss = 0.25 and status = 'RUNNING'") == ["live"]


@pytest.mark.usefixtures("runs")
def test_an_unknown_form_and_a_broken_filter_are_refused() -> None:
    with pytest.raises(InvalidValue, match="polars"):
        mlgit.search_runs(output_format="polars")  # type: ignore[call-overload]
    with pytest.raises(InvalidValue):
        found("metrics.loss <")


def test_pages_follow_each_other(runs: list[mlgit.Run]) -> None:
    client = mlgit.MlgitClient()
    experiment_ids = [runs[0].info.experiment_id]
    first = client.search_runs(experiment_ids, max_results=2)
    assert len(first) == 2
    assert first.token
    second = client.search_runs(experiment_ids, max_results=2, page_token=first.token)
    assert [run.info.run_name for run in [*first, *second]] == ["r2", "r1", "r0"]
    assert second.token is None


@pytest.mark.parametrize("token", ["nonsense", "bnVsbA==", "e30="])
def test_a_token_that_is_none_of_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidValue, match="page"):
        mlgit.MlgitClient().search_runs(["0"], page_token=token)


@pytest.mark.parametrize("most", [0, -1, 50_001])
def test_a_page_has_mlflows_limits(most: int) -> None:
    with pytest.raises(InvalidValue, match="max_results"):
        mlgit.MlgitClient().search_runs(["0"], max_results=most)


def test_an_unknown_run_is_not_found() -> None:
    with pytest.raises(NotFound):
        mlgit.get_run("feedfeedfeedfeed")
