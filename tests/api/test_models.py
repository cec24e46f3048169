"""Saved models, logged and read back: by URI, as files of fsspec, from a colleague's clone."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

import mlgit
from mlgit.errors import AlreadyExists, Ambiguous, InvalidState, InvalidValue, NotFound, Unsupported
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.runs.helpers import commits

BIG = b"0123456789" * 20_000
ID = "m-0b7a3c55d8e94f6f9a1e2d3c4b5a6978"
NEAR = "m-0b7a3c55d8e94f6f9a1e2d3c4b5a6979"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder as MLflow saves a model: small files, and one that is too big for git."""
    path = tmp_path / "saved"
    (path / "data").mkdir(parents=True)
    (path / "MLmodel").write_text("flavors: {}\n")
    (path / "data" / "weights.bin").write_bytes(BIG)
    return path


def test_a_folder_is_an_output_of_the_run(store: Store, saved: Path) -> None:
    mlgit.set_experiment("churn")
    with mlgit.start_run() as run:
        before = commits(store)
        model = mlgit.log_model(
            str(saved), "trees", model_type="tree", params={"depth": 3}, tags={"a": "b"}, step=7
        )
        assert commits(store) == before + 1
    found = mlgit.get_logged_model(model.model_id)
    assert found == model
    assert (found.name, found.status, found.model_type) == ("trees", "READY", "tree")
    assert (found.params, found.tags) == ({"depth": "3"}, {"a": "b"})
    assert found.source_run_id == run.info.run_id
    assert found.experiment_id == run.info.experiment_id
    assert mlgit.get_run(run.info.run_id).outputs.model_outputs == [
        mlgit.entities.LoggedModelOutput(model.model_id, 7)
    ]
    assert check(store.snapshot(), deep=True) == []


@pytest.mark.usefixtures("store")
def test_its_files_are_read_as_those_of_a_run(saved: Path, tmp_path: Path) -> None:
    uri = mlgit.log_model(saved).model_uri
    model_id = uri.removeprefix("models:/")
    assert [one.path for one in mlgit.list_artifacts(uri)] == ["MLmodel", "data"]
    assert [one.path for one in mlgit.list_artifacts(f"{uri}/data")] == ["data/weights.bin"]
    assert mlgit.load_text(f"{uri}/MLmodel") == "flavors: {}\n"
    place = mlgit.download_artifacts(f"{uri}/data", dst_path=tmp_path / "out")
    assert Path(place, "weights.bin").read_bytes() == BIG
    assert Path(mlgit.download_artifacts(uri[:-20])).name == model_id
    with fsspec.open(f"mlgit://{model_id}/data/weights.bin") as file:
        assert file.read() == BIG
    with pytest.raises(NotFound, match="no artifact"):
        mlgit.download_artifacts(f"{uri}/nothing")


def test_a_file_without_a_run_goes_to_the_experiment(store: Store, tmp_path: Path) -> None:
    (tmp_path / "churn.v2.pkl").write_bytes(b"not even a pickle")
    model = mlgit.log_model(tmp_path / "churn.v2.pkl")
    assert (model.name, model.source_run_id, model.experiment_id) == ("churn-v2", None, "0")
    assert [one.path for one in mlgit.list_artifacts(model.artifact_location)] == ["churn.v2.pkl"]
    assert store.snapshot().experiment_by_id("0") is not None
    assert check(store.snapshot(), deep=True) == []


@pytest.mark.usefixtures("store")
def test_an_experiment_that_only_the_run_knows_so_far(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_EXPERIMENT", "new")
    with mlgit.start_run():
        model = mlgit.log_model(saved)
        found = mlgit.get_experiment_by_name("new")
        assert found is not None
        assert found.experiment_id == model.experiment_id


def test_what_cannot_be_a_model_is_refused_and_leaves_nothing(store: Store, saved: Path) -> None:
    before = commits(store)
    (saved.parent / "empty").mkdir()
    with pytest.raises(InvalidValue, match="not an object of dict") as caught:
        mlgit.log_model({"weights": 1})  # type: ignore[arg-type]
    assert "save it first" in caught.value.hint
    with pytest.raises(NotFound):
        mlgit.log_model(saved / "nothing.pkl")
    with pytest.raises(InvalidValue, match="at least one file"):
        mlgit.log_model(saved.parent / "empty")
    for name in ("a/b", "a.b", 'a"b', "x" * 501, "a\nb", " "):
        with pytest.raises(InvalidValue, match="model name"):
            mlgit.log_model(saved, name)
    with pytest.raises(InvalidValue, match="param"):
        mlgit.log_model(saved, params={"..": 1})
    with pytest.raises(InvalidValue, match="id of a logged model"):
        mlgit.log_model(saved, model_id="m-1")
    with pytest.raises(InvalidValue, match="step"):
        mlgit.log_model(saved, step="soon")  # type: ignore[arg-type]
    assert commits(store) == before


@pytest.mark.usefixtures("store")
def test_a_long_parameter_is_cut_and_a_secret_is_not_kept(saved: Path) -> None:
    with pytest.warns(UserWarning, match="cut to 6000"):
        model = mlgit.log_model(saved, params={"long": "x" * 7000, "api_key": "hunter22secret"})
    assert len(model.params["long"]) == 6000
    assert "hunter22" not in model.params["api_key"]


@pytest.mark.usefixtures("store")
def test_ids_are_given_once_and_abbreviated(saved: Path) -> None:
    mlgit.log_model(saved, model_id=ID)
    with pytest.raises(AlreadyExists):
        mlgit.log_model(saved, "another", model_id=ID)
    assert mlgit.get_logged_model("m-0b").model_id == ID
    mlgit.log_model(saved, model_id=NEAR)
    assert mlgit.get_logged_model(ID).model_id == ID
    with pytest.raises(Ambiguous):
        mlgit.get_logged_model(ID[:-1])
    for wrong in ("m-ff", "m-", "", "saved"):
        with pytest.raises(NotFound):
            mlgit.get_logged_model(wrong)
    for wrong in ("models:/m-", "models:/M-0B"):
        with pytest.raises(InvalidValue):
            mlgit.list_artifacts(wrong)


@pytest.mark.usefixtures("store")
def test_a_run_whose_name_begins_like_a_model_is_found_as_ever(saved: Path) -> None:
    mlgit.log_model(saved, model_id=ID)
    with mlgit.start_run(run_name="m-0b"):
        mlgit.log_text("mine", "a.txt")
    assert mlgit.load_text("runs:/m-0b/a.txt") == "mine"


@pytest.mark.usefixtures("store")
def test_a_deleted_experiment_takes_no_model(saved: Path) -> None:
    mlgit.delete_experiment(mlgit.create_experiment("gone"))
    with pytest.raises(InvalidState):
        mlgit.set_experiment("gone")
    used = mlgit.set_experiment("churn")
    mlgit.delete_experiment(used.experiment_id)
    with pytest.raises(InvalidState, match="deleted"):
        mlgit.log_model(saved)


@pytest.mark.usefixtures("store")
def test_a_spool_takes_no_model(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_SPOOL", str(tmp_path / "spool"))
    with mlgit.start_run(), pytest.raises(Unsupported, match="spool") as caught:
        mlgit.log_model(saved)
    assert "log_artifacts" in caught.value.hint


@pytest.mark.usefixtures("store")
def test_the_run_of_a_model_is_not_purged(saved: Path) -> None:
    with mlgit.start_run() as run:
        mlgit.log_model(saved)
    mlgit.delete_run(run.info.run_id)
    with pytest.raises(InvalidState, match="logged model saved"):
        mlgit.MlgitClient().purge_run(run.info.run_id)
