"""The client: the same acts by explicit ids, without an active run."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlgit
from mlgit.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)
from mlgit.errors import InvalidState, InvalidValue, NotFound
from tests.support.forking import in_child

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def client() -> mlgit.MlgitClient:
    return mlgit.MlgitClient()


def test_a_run_from_its_creation_to_its_end(client: mlgit.MlgitClient) -> None:
    made = client.create_run("0", tags={"team": "blue"}, run_name="byhand", start_time=1_000)
    run_id = made.info.run_id
    assert (made.info.status, made.info.start_time) == ("RUNNING", 1_000)
    assert mlgit.active_run() is None
    client.log_param(run_id, "lr", 0.1)
    client.log_metric(run_id, "loss", 1.0, timestamp=5, step=1)
    client.set_tag(run_id, "t", "x")
    client.delete_tag(run_id, "t")
    client.log_text(run_id, "hello", "a.txt")
    client.set_terminated(run_id, "FAILED", end_time=9_000)
    run = client.get_run(run_id)
    assert (run.info.status, run.info.end_time, run.info.run_name) == ("FAILED", 9_000, "byhand")
    assert (run.data.params, run.data.metrics) == ({"lr": "0.1"}, {"loss": 1.0})
    assert run.data.tags["team"] == "blue"
    assert "t" not in run.data.tags
    assert [one.path for one in client.list_artifacts(run_id)] == ["a.txt"]


def test_a_run_is_finished_unless_said_otherwise(client: mlgit.MlgitClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.set_terminated(run_id)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.info.end_time is not None


def test_two_names_that_differ_are_refused(client: mlgit.MlgitClient) -> None:
    with pytest.raises(InvalidValue):
        client.create_run("0", tags={"mlflow.runName": "a"}, run_name="b")
    assert client.create_run("0", tags={"mlflow.runName": "a"}, run_name="a").info.run_name == "a"


def test_status_and_name_can_be_changed_afterwards(client: mlgit.MlgitClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.set_terminated(run_id)
    client.update_run(run_id, status="KILLED", name="renamed")
    run = client.get_run(run_id)
    assert (run.info.status, run.info.run_name) == ("KILLED", "renamed")
    with pytest.raises(InvalidValue, match="DONE"):
        client.update_run(run_id, status="DONE")


def test_a_batch_of_everything(client: mlgit.MlgitClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.log_batch(
        run_id,
        metrics=[Metric("m", 1.0, 10, 1), Metric("m", 2.0, 20, 2)],
        params=[Param("p", "1")],
        tags=[RunTag("t", "x")],
    )
    client.set_terminated(run_id)
    run = client.get_run(run_id)
    assert (run.data.metrics, run.data.params, run.data.tags["t"]) == ({"m": 2.0}, {"p": "1"}, "x")
    history = client.get_metric_history(run_id, "m")
    assert [(point.value, point.timestamp, point.step) for point in history] == [
        (1.0, 10, 1),
        (2.0, 20, 2),
    ]
    assert client.get_metric_history(run_id, "nosuch") == []


def test_datasets_and_models(client: mlgit.MlgitClient) -> None:
    run_id = client.create_run("0").info.run_id
    dataset = Dataset("train", "abc", "local", '{"uri": "x"}', '{"s": 1}', '{"p": 2}')
    client.log_inputs(
        run_id,
        [DatasetInput(dataset, [InputTag("mlflow.data.context", "fit")])],
        [LoggedModelInput("m-1")],
    )
    client.log_outputs(run_id, [LoggedModelOutput("m-2", 7)])
    client.set_terminated(run_id)
    run = client.get_run(run_id)
    assert run.inputs.dataset_inputs == [
        DatasetInput(dataset, [InputTag("mlflow.data.context", "fit")])
    ]
    assert run.inputs.model_inputs == [LoggedModelInput("m-1")]
    assert run.outputs.model_outputs == [LoggedModelOutput("m-2", 7)]


def test_deleting_twice_is_harmless_and_restoring_brings_back(client: mlgit.MlgitClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.set_terminated(run_id)
    for _ in range(2):
        client.delete_run(run_id)
        assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    for _ in range(2):
        client.restore_run(run_id)
        assert client.get_run(run_id).info.lifecycle_stage == "active"


def test_a_purged_run_is_gone_until_it_is_restored(client: mlgit.MlgitClient) -> None:
    run_id = client.create_run("0", run_name="one").info.run_id
    client.log_metric(run_id, "m", 1.0)
    with pytest.raises(InvalidState, match="logged to"):
        client.purge_run(run_id, force=True)
    client.set_terminated(run_id)
    with pytest.raises(InvalidState, match="not deleted"):
        client.purge_run(run_id)
    client.delete_run(run_id)
    client.purge_run(run_id)
    assert client.search_runs(["0"], run_view_type=mlgit.entities.ViewType.ALL) == []
    for reference in (run_id, run_id[:6]):
        with pytest.raises(NotFound, match=f"{run_id} was purged"):
            client.get_run(reference)
    with pytest.raises(NotFound, match="was purged"):
        client.purge_run(run_id)
    client.restore_run(run_id)
    assert client.get_run(run_id).data.metrics == {"m": 1.0}
    assert client.get_run("one").info.lifecycle_stage == "active"
    client.purge_run(run_id, force=True)
    with pytest.raises(NotFound):
        client.set_terminated(run_id)


def test_a_run_under_way_can_be_deleted(client: mlgit.MlgitClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "m", 1.0)
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    client.set_terminated(run_id)
    run = client.get_run(run_id)
    assert (run.info.lifecycle_stage, run.info.status) == ("deleted", "FINISHED")


@pytest.mark.parametrize("call", ["delete_run", "restore_run", "set_terminated", "get_run"])
def test_an_unknown_run_is_not_found(client: mlgit.MlgitClient, call: str) -> None:
    with pytest.raises(NotFound):
        getattr(client, call)("feedfeedfeedfeed")


def test_a_run_cannot_be_made_in_a_deleted_experiment(client: mlgit.MlgitClient) -> None:
    made = client.create_experiment("churn")
    client.delete_experiment(made)
    with pytest.raises(InvalidState):
        client.create_run(made)


def test_another_repository_by_its_path(tmp_path: Path, client: mlgit.MlgitClient) -> None:
    from mlgit.store.store import Store
    from tests.support.repos import make_repo

    elsewhere = make_repo(tmp_path / "elsewhere")
    Store.init(elsewhere).store.close()
    other = mlgit.MlgitClient(str(elsewhere))
    run_id = other.create_run("0").info.run_id
    other.set_terminated(run_id)
    assert other.get_run(run_id).info.status == "FINISHED"
    with pytest.raises(NotFound):
        client.get_run(run_id)


def test_a_run_of_another_process_is_logged_to(client: mlgit.MlgitClient) -> None:
    made = client.create_run("0")
    run_id = made.info.run_id
    assert in_child(lambda: mlgit.MlgitClient().log_metric(run_id, "child", 2.0)) == 0
    client.set_terminated(made.info.run_id)
    assert client.get_run(made.info.run_id).data.metrics == {"child": 2.0}
