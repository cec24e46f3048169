"""What the environment decides: where, which experiment, which run, or nothing at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mlgit
from mlgit.errors import InvalidValue, NoStore
from mlgit.store.store import Store
from tests.support.repos import footprint, make_repo


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Another repository with a store; it is not the current directory."""
    path = make_repo(tmp_path / "elsewhere")
    Store.init(path).store.close()
    return path


def record() -> mlgit.Run:
    with mlgit.start_run() as run:
        pass
    return run


class TestWhere:
    @pytest.mark.usefixtures("store")
    def test_the_current_directory(self) -> None:
        assert not mlgit.is_tracking_uri_set()
        assert mlgit.get_tracking_uri() == f"mlgit:{Path.cwd()}"

    @pytest.mark.usefixtures("store")
    @pytest.mark.parametrize("form", ["{}", "mlgit:{}"])
    def test_a_chosen_path(self, elsewhere: Path, form: str) -> None:
        mlgit.set_tracking_uri(form.format(elsewhere))
        assert mlgit.is_tracking_uri_set()
        assert mlgit.get_tracking_uri() == f"mlgit:{elsewhere}"
        run = record()
        assert Store.open(elsewhere).snapshot().find_run(run.info.run_id)

    @pytest.mark.usefixtures("store")
    def test_a_dot_is_the_directory_of_the_moment(
        self, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mlgit.set_tracking_uri("mlgit:.")
        monkeypatch.chdir(elsewhere)
        record()
        with Store.open(Path.cwd()) as here:
            assert not list(here.snapshot().run_folders())

    @pytest.mark.usefixtures("store")
    @pytest.mark.parametrize("variable", ["MLGIT_REPO", "MLFLOW_TRACKING_URI"])
    def test_a_variable(
        self, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        monkeypatch.setenv(
            variable, f"mlgit:{elsewhere}" if "MLFLOW" in variable else str(elsewhere)
        )
        run = record()
        with Store.open(elsewhere) as other:
            assert other.snapshot().find_run(run.info.run_id)

    @pytest.mark.parametrize("uri", ["http://localhost:5000", "sqlite:///mlflow.db", "databricks"])
    def test_another_tools_store_is_refused(self, uri: str) -> None:
        with pytest.raises(InvalidValue):
            mlgit.set_tracking_uri(uri)

    @pytest.mark.usefixtures("repo")
    def test_a_place_without_a_store_says_so(self) -> None:
        with pytest.raises(NoStore):
            mlgit.search_runs(output_format="list")


@pytest.mark.usefixtures("store")
class TestExperiment:
    @pytest.mark.parametrize("variable", ["MLGIT_EXPERIMENT", "MLFLOW_EXPERIMENT_NAME"])
    def test_a_variable_names_it(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, "churn")
        assert mlgit.get_experiment(record().info.experiment_id).name == "churn"
        assert len(mlgit.search_runs(output_format="list")) == 1

    def test_a_choice_in_the_program_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLGIT_EXPERIMENT", "churn")
        chosen = mlgit.set_experiment("mine")
        assert record().info.experiment_id == chosen.experiment_id


@pytest.mark.usefixtures("store")
class TestRun:
    @pytest.mark.parametrize("variable", ["MLGIT_RUN_ID", "MLFLOW_RUN_ID"])
    def test_a_named_run_is_resumed_once(
        self, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        first = record()
        monkeypatch.setenv(variable, first.info.run_id)
        assert record().info.run_id == first.info.run_id
        assert variable not in os.environ
        assert record().info.run_id != first.info.run_id

    def test_a_child_process_logs_to_its_parents_run(self) -> None:
        with mlgit.start_run() as run:
            mlgit.log_metric("before", 1.0)
            env = {**os.environ, "MLGIT_RUN_ID": run.info.run_id}
            code = "import mlgit\nwith mlgit.start_run(): mlgit.log_metric('child', 2.0)"
            subprocess.run([sys.executable, "-c", code], env=env, check=True)
            mlgit.log_metric("after", 3.0)
            assert run.data.metrics == {"before": 1.0, "child": 2.0, "after": 3.0}
        again = mlgit.get_run(run.info.run_id)
        assert again.data.metrics == {"before": 1.0, "child": 2.0, "after": 3.0}
        assert again.info.status == "FINISHED"
        assert len(mlgit.search_runs(output_format="list")) == 1

    def test_name_and_tags_of_new_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLGIT_RUN_NAME", "night")
        monkeypatch.setenv("MLGIT_TAGS", "team=blue,empty=,eq=a=b")
        run = record()
        tags = mlgit.get_run(run.info.run_id).data.tags
        assert run.info.run_name == "night"
        assert (tags["team"], tags["empty"], tags["eq"]) == ("blue", "", "a=b")

    def test_a_tag_of_the_program_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLGIT_TAGS", "team=blue")
        with mlgit.start_run(tags={"team": "red"}) as run:
            pass
        assert mlgit.get_run(run.info.run_id).data.tags["team"] == "red"

    def test_tags_without_a_value_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLGIT_TAGS", "team")
        with pytest.raises(InvalidValue, match="MLGIT_TAGS"):
            mlgit.start_run()


TRAINING = """
import sys
import mlgit
from mlgit.entities import Metric

mlgit.set_tracking_uri("/nowhere")
mlgit.set_experiment("churn")
with mlgit.start_run(run_name="night", tags={"a": "b"}) as run:
    assert mlgit.log_param("lr", 0.1) == 0.1
    mlgit.log_params({"a": 1})
    for step in range(3):
        mlgit.log_metric("loss", 1.0, step=step)
    mlgit.log_artifact("nosuch.txt")
    mlgit.log_image(None, key="x")
    mlgit.log_figure(None, "a.png")
    assert run.info.run_name == "night" and run.data.metrics == {}
    assert mlgit.active_run().info.run_id == run.info.run_id
    with mlgit.start_run(nested=True):
        pass
    assert mlgit.get_artifact_uri("a").endswith("/a")
assert mlgit.active_run() is None
assert mlgit.get_run(run.info.run_id).info.run_id == run.info.run_id
assert mlgit.search_runs(output_format="list") == []
assert mlgit.get_experiment_by_name("churn").experiment_id
client = mlgit.MlgitClient()
client.log_batch(client.create_run("0").info.run_id, metrics=[Metric("m", 1.0, 0)])
assert client.search_runs(["0"]).token is None
assert client.get_metric_history("x", "m") == []
heavy = {"pandas", "numpy", "sqlite3", "dulwich", "yaml", "click", "fsspec", "subprocess"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
try:
    raise_in_run = mlgit.start_run().__enter__()
    mlgit.log_metrics({"m": 1})
finally:
    mlgit.end_run("FAILED")
"""


class TestDisabled:
    def test_nothing_is_needed_read_or_written(self, tmp_path: Path) -> None:
        place = tmp_path / "plain"
        place.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", TRAINING],
            cwd=place,
            env={**os.environ, "MLGIT_DISABLED": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert (done.stdout, list(place.iterdir())) == ("", [])

    def test_every_public_name_has_a_stand_in(self, tmp_path: Path) -> None:
        code = "import mlgit\nfor name in mlgit.__all__: getattr(mlgit, name)"
        env = {**os.environ, "MLGIT_DISABLED": "yes"}
        assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env).returncode == 0


def test_recording_touches_nothing_of_the_users(repo: Path) -> None:
    Store.init(repo).store.close()
    before = footprint(repo)
    with mlgit.start_run():
        mlgit.log_metric("loss", 1.0)
        mlgit.log_text("x", "a.txt")
    mlgit.search_runs()
    assert footprint(repo) == before
