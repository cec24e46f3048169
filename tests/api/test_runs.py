"""The life of a run in the fluent API: started, nested, resumed, ended."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import mlgit
from mlgit.errors import InvalidState, InvalidValue, NoStore, NotARepository, NotFound
from mlgit.store.store import Store
from tests.support.forking import in_child

pytestmark = pytest.mark.usefixtures("store")


def statuses() -> dict[str, str]:
    runs = mlgit.search_runs(output_format="list", search_all_experiments=True)
    return {run.info.run_name: run.info.status for run in runs}


def test_a_run_has_a_name_a_start_and_is_running_until_it_ends() -> None:
    with mlgit.start_run() as run:
        assert run.info.status == "RUNNING"
        assert run.info.run_name
        assert run.info.end_time is None
        assert mlgit.active_run() is run
    assert mlgit.active_run() is None
    ended = mlgit.get_run(run.info.run_id)
    assert ended.info.status == "FINISHED"
    assert ended.info.end_time is not None
    assert ended.info.end_time >= ended.info.start_time


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError, "FAILED"),
        (SystemExit, "FAILED"),
        (GeneratorExit, "FAILED"),
        (KeyboardInterrupt, "KILLED"),
    ],
)
def test_an_exception_ends_the_run_and_goes_on(error: type[BaseException], status: str) -> None:
    with pytest.raises(error), mlgit.start_run(run_name="broken"):
        raise error
    assert statuses() == {"broken": status}


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_the_caller_may_say_how_it_ended(status: str) -> None:
    mlgit.start_run(run_name="said")
    mlgit.end_run(status)
    assert statuses() == {"said": status}


def test_an_unknown_status_is_refused_and_the_run_goes_on() -> None:
    with mlgit.start_run() as run:
        with pytest.raises(InvalidValue, match="DONE"):
            mlgit.end_run("DONE")
        assert mlgit.active_run() is run


def test_ending_without_a_run_is_harmless() -> None:
    mlgit.end_run()


def test_a_second_run_needs_the_word_nested() -> None:
    with mlgit.start_run() as outer:
        with pytest.raises(InvalidState, match=outer.info.run_id):
            mlgit.start_run()
        with mlgit.start_run(nested=True) as inner:
            assert mlgit.active_run() is inner
        assert mlgit.active_run() is outer
    assert inner.data.tags["mlflow.parentRunId"] == outer.info.run_id
    parent = mlgit.get_parent_run(inner.info.run_id)
    assert parent is not None
    assert parent.info.run_id == outer.info.run_id
    assert mlgit.get_parent_run(outer.info.run_id) is None


def test_a_parent_can_be_named_when_none_is_active() -> None:
    with mlgit.start_run() as parent:
        pass
    with mlgit.start_run(parent_run_id=parent.info.run_id) as child:
        pass
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_a_named_parent_must_be_the_active_one() -> None:
    with mlgit.start_run() as other:
        pass
    with mlgit.start_run(), pytest.raises(InvalidState):
        mlgit.start_run(nested=True, parent_run_id=other.info.run_id)


def test_name_tags_and_description_are_kept() -> None:
    with mlgit.start_run(run_name="named", tags={"team": "blue", "n": 3}, description="why"):
        pass
    run = mlgit.last_active_run()
    assert run is not None
    assert run.info.run_name == "named"
    assert run.data.tags["team"] == "blue"
    assert run.data.tags["n"] == "3"
    assert run.data.tags["mlflow.note.content"] == "why"


def test_a_name_by_tag_is_the_runs_name() -> None:
    with mlgit.start_run(tags={"mlflow.runName": "tagged"}) as run:
        assert run.info.run_name == "tagged"


def test_logging_without_a_run_starts_one() -> None:
    mlgit.log_metric("loss", 1.0)
    run = mlgit.active_run()
    assert run is not None
    mlgit.end_run()
    assert mlgit.get_run(run.info.run_id).data.metrics == {"loss": 1.0}


def test_the_last_run_is_remembered_while_it_runs_and_after() -> None:
    assert mlgit.last_active_run() is None
    with mlgit.start_run() as run:
        last = mlgit.last_active_run()
        assert last is not None
        assert last.info.run_id == run.info.run_id
    last = mlgit.last_active_run()
    assert last is not None
    assert last.info.status == "FINISHED"


def test_an_active_run_shows_what_was_logged_so_far() -> None:
    with mlgit.start_run() as run:
        mlgit.log_param("lr", 0.1)
        mlgit.log_metric("loss", 2.0)
        assert run.data.params == {"lr": "0.1"}
        assert run.data.metrics == {"loss": 2.0}
        found = mlgit.get_run(run.info.run_id)
        assert found.info.status == "RUNNING"
        assert found.data.metrics == {"loss": 2.0}


def test_a_resumed_run_keeps_what_it_had_and_ends_again() -> None:
    with mlgit.start_run() as first:
        mlgit.log_param("lr", 0.1)
        mlgit.log_metric("loss", 2.0, step=1)
    with mlgit.start_run(run_id=first.info.run_id, tags={"again": "yes"}) as second:
        assert second.info.status == "RUNNING"
        assert second.data.params == {"lr": "0.1"}
        mlgit.log_metric("loss", 1.0, step=2)
    run = mlgit.get_run(first.info.run_id)
    assert (run.info.run_id, run.info.status) == (second.info.run_id, "FINISHED")
    assert run.data.metrics == {"loss": 1.0}
    assert run.data.tags["again"] == "yes"
    history = mlgit.MlgitClient().get_metric_history(first.info.run_id, "loss")
    assert [point.value for point in history] == [2.0, 1.0]


def test_an_unknown_run_cannot_be_resumed() -> None:
    with pytest.raises(NotFound):
        mlgit.start_run(run_id="feedfeedfeedfeed")


def test_a_run_is_not_gone_on_with_from_another_experiment(monkeypatch: pytest.MonkeyPatch) -> None:
    with mlgit.start_run() as run:
        mlgit.log_metric("m", 1)
    run_id, home = run.info.run_id, run.info.experiment_id
    other = mlgit.create_experiment("other")
    with pytest.raises(InvalidState, match=f"experiment {home}, not to {other}"):
        mlgit.start_run(run_id=run_id, experiment_id=other)
    with mlgit.start_run(run_id=run_id, experiment_id=home) as again:
        assert again.info.run_id == run_id
    mlgit.set_experiment("other")
    monkeypatch.setenv("MLGIT_RUN_ID", run_id)
    with pytest.raises(InvalidState, match=home) as caught:
        mlgit.start_run()
    assert "set_experiment" in caught.value.hint
    assert mlgit.active_run() is None
    assert mlgit.get_run(run_id).info.status == "FINISHED"
    mlgit.set_experiment(experiment_id=home)
    with mlgit.start_run(run_id=run_id):
        mlgit.log_metric("m", 2)


def test_a_deleted_run_cannot_be_resumed() -> None:
    with mlgit.start_run() as run:
        pass
    mlgit.delete_run(run.info.run_id)
    with pytest.raises(InvalidState, match="deleted"):
        mlgit.start_run(run_id=run.info.run_id)


def test_every_thread_has_its_own_active_run() -> None:
    seen: list[object] = []
    with mlgit.start_run():
        thread = threading.Thread(target=lambda: seen.append(mlgit.active_run()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_forked_child_logs_to_the_run_and_does_not_end_it() -> None:
    with mlgit.start_run() as run:
        mlgit.log_metric("parent", 1.0)
        assert in_child(lambda: mlgit.log_metric("child", 2.0)) == 0
        assert mlgit.active_run() is run
    assert mlgit.get_run(run.info.run_id).data.metrics == {"parent": 1.0, "child": 2.0}


SCRIPT = "import mlgit\nmlgit.start_run(run_name='script')\nmlgit.log_metric('loss', 1)\n"


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("", "FINISHED"),
        ("raise ValueError", "FAILED"),
        ("raise KeyboardInterrupt", "KILLED"),
    ],
)
def test_a_program_that_forgets_to_end_its_run_is_seen_to(
    store: Store, ending: str, status: str
) -> None:
    where = store.repository.work_tree
    assert where is not None
    subprocess.run([sys.executable, "-c", SCRIPT + ending], cwd=where, capture_output=True)
    assert statuses() == {"script": status}


def test_outside_a_repository_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    with pytest.raises(NotARepository) as caught:
        mlgit.start_run()
    assert caught.value.hint


def test_without_a_store_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.repos import make_repo

    monkeypatch.chdir(make_repo(tmp_path / "bare-of-mlgit"))
    with pytest.raises(NoStore) as caught:
        mlgit.start_run()
    assert "mlgit init" in caught.value.hint
