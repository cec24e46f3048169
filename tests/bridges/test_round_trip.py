"""A store that goes out to MLflow's file store and comes back is the same store."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgit.bridges.exporting.export import export
from mlgit.bridges.exporting.mlflow import open_sink
from mlgit.bridges.importing.bring import bring
from mlgit.bridges.sources.mlflow import open_mlflow
from mlgit.client import MlgitClient
from mlgit.entities import values
from mlgit.errors import AlreadyExists, InvalidValue
from mlgit.records.run import dump_run
from mlgit.store.store import Store
from tests.support.repos import make_repo

KEYS = st.text("abcdefg_-. ", min_size=1, max_size=8).filter(lambda key: key.strip(" ./") == key)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
POINTS = st.tuples(st.integers(-5, 100), st.integers(0, 2**41), st.floats(allow_nan=True, width=64))
RUNS = st.fixed_dictionaries(
    {
        "params": st.dictionaries(KEYS, TEXTS, max_size=4),
        "tags": st.dictionaries(KEYS.map("t.{}".format), TEXTS, max_size=4),
        "metrics": st.dictionaries(KEYS, st.lists(POINTS, min_size=1, max_size=6), max_size=3),
        "status": st.sampled_from(["FINISHED", "FAILED", "KILLED"]),
        "note": TEXTS,
        "deleted": st.booleans(),
    }
)


@contextmanager
def two_repositories() -> Iterator[tuple[Path, Path, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for one in ("first", "second"):
            Store.init(make_repo(folder / one)).store.close()
        yield folder / "first", folder / "second", folder / "mlruns"


def record(client: MlgitClient, experiment: str, wanted: dict[str, Any]) -> str:
    run_id = client.create_run(experiment, tags={"mlflow.note.content": wanted["note"]}).info.run_id
    client.log_batch(
        run_id,
        [
            values.Metric(key, value, stamp, step)
            for key, points in wanted["metrics"].items()
            for step, stamp, value in points
        ],
        [values.Param(key, text) for key, text in wanted["params"].items()],
        [values.RunTag(key, text) for key, text in wanted["tags"].items()],
    )
    client.set_terminated(run_id, wanted["status"])
    if wanted["deleted"]:
        client.delete_run(run_id)
    return run_id


def known_to_mlflow(client: MlgitClient, run_id: str) -> tuple[bytes, list[Any]]:
    """The record without what MLflow has no field for, and the points."""
    view = client.tracker.view(run_id)
    run = view.run._replace(host="", edits={}, deleted_at=None)
    run = run._replace(code=run.code._replace(patch=""), source=run.source._replace(command=""))
    points = [(*one[:3], "nan" if math.isnan(one.value) else one.value) for one in view.points]
    return dump_run(run), points


@settings(max_examples=15, deadline=None)
@given(st.lists(RUNS, min_size=1, max_size=4))
def test_runs_come_back_as_they_were(wanted: list[dict[str, Any]]) -> None:
    with two_repositories() as (first, second, mlruns):
        ours, theirs = MlgitClient(first), MlgitClient(second)
        experiment = ours.create_experiment("churn", tags={"team": "risk"})
        made = [record(ours, experiment, one) for one in wanted]
        assert export(ours.tracker.store, open_sink(str(mlruns))).runs == len(made)
        found = bring(theirs.tracker.store, open_mlflow(str(mlruns)))
        assert (found.runs, found.lost) == (len(made), [])
        for run_id in made:
            assert known_to_mlflow(theirs, run_id) == known_to_mlflow(ours, run_id)
        assert theirs.get_experiment(experiment).tags == {"team": "risk"}


@pytest.fixture
def full(repo: Path) -> MlgitClient:
    """A store with all there is: datasets, a logged model, versions, stage, alias, files."""
    Store.init(repo).store.close()
    client = MlgitClient(repo)
    run = client.create_run(client.create_experiment("churn"))
    (repo / "model.txt").write_text("weights")
    client.log_artifact(run.info.run_id, repo / "model.txt", "model")
    dataset = values.Dataset("train", "abc1", "local", "train.csv", "{}", "{}")
    used = values.DatasetInput(dataset, [values.InputTag("mlflow.data.context", "training")])
    client.log_inputs(run.info.run_id, [used])
    client.set_terminated(run.info.run_id)
    client.create_registered_model("churn", {"team": "risk"}, "who leaves")
    for _ in range(3):
        client.create_model_version("churn", f"runs:/{run.info.run_id}/model")
    client.delete_model_version("churn", 2)
    client.set_model_version_tag("churn", 1, "checked", "yes")
    client.transition_model_version_stage("churn", 3, "Production")
    client.set_registered_model_alias("churn", "champion", 3)
    (repo / "model.txt").unlink()
    return client


def back(full: MlgitClient, tmp_path: Path) -> MlgitClient:
    export(full.tracker.store, open_sink(str(tmp_path / "mlruns")))
    other = make_repo(tmp_path / "other")
    found = bring(Store.init(other).store, open_mlflow(str(tmp_path / "mlruns")))
    assert not found.lost
    return MlgitClient(other)


def test_the_registry_comes_back(full: MlgitClient, tmp_path: Path) -> None:
    there = back(full, tmp_path)
    for client in (full, there):
        versions = client.search_model_versions("name = 'churn'")
        assert sorted((one.version, one.current_stage) for one in versions) == [
            ("1", "None"),
            ("3", "Production"),
        ]
        assert client.get_model_version_by_alias("churn", "champion").version == "3"
        assert client.get_registered_model("churn").description == "who leaves"
        assert client.get_model_version("churn", 1).tags == {"checked": "yes"}
    run_id = there.get_model_version("churn", 3).run_id
    assert there.create_model_version("churn", f"runs:/{run_id}/model").version == "4"


def test_files_and_datasets_come_back(full: MlgitClient, tmp_path: Path) -> None:
    there = back(full, tmp_path)
    (run,) = there.search_runs([one.experiment_id for one in there.search_experiments()])
    assert run.inputs.dataset_inputs[0].dataset.digest == "abc1"
    path = there.download_artifacts(run.info.run_id, "model/model.txt", str(tmp_path))
    assert Path(path).read_text() == "weights"


def test_what_is_there_stays_as_it_is(full: MlgitClient, tmp_path: Path) -> None:
    target = str(tmp_path / "mlruns")
    export(full.tracker.store, open_sink(target))
    again = export(full.tracker.store, open_sink(target))
    assert (again.runs, again.known, again.models, again.versions) == (0, 1, 0, 0)


def test_another_experiment_of_that_number_is_not_overwritten(
    full: MlgitClient, tmp_path: Path
) -> None:
    (experiment,) = (one for one in full.search_experiments() if one.name == "churn")
    home = tmp_path / "mlruns" / experiment.experiment_id
    home.mkdir(parents=True)
    (home / "meta.yaml").write_text("name: another\n")
    with pytest.raises(AlreadyExists, match="another"):
        export(full.tracker.store, open_sink(str(tmp_path / "mlruns")))


def test_a_server_takes_no_runs_under_their_ids() -> None:
    with pytest.raises(InvalidValue, match="under their ids"):
        open_sink("http://localhost:5000")
