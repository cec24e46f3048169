from __future__ import annotations

import json
from pathlib import Path

import pytest

import mlgit
from mlgit.errors import InvalidState, InvalidValue, NotFound
from mlgit.registry import aliases, versions
from mlgit.registry.sight import sight
from mlgit.registry.source import request_of
from mlgit.runs import edit
from mlgit.store.store import Store

MLMODEL = """\
flavors: {}
signature:
  inputs: '[{"type": "double", "name": "tenure", "required": true}]'
  outputs: '[{"type": "long"}]'
  params: null
"""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "MLmodel").write_text(MLMODEL)
    (folder / "model.txt").write_text("weights")
    return folder


@pytest.fixture
def run_id(store: Store, saved: Path) -> str:  # noqa: ARG001 - the run is logged to it
    with mlgit.start_run() as run:
        mlgit.log_artifacts(saved, "model")
    return run.info.run_id


def test_a_run_gives_its_files_their_digest_and_the_signature(store: Store, run_id: str) -> None:
    request = request_of(sight(store), f"runs:/{run_id}/model")
    assert (request.run, request.source) == (run_id, f"runs:/{run_id}/model")
    assert request.manifest.startswith("sha256:")
    assert json.loads(json.loads(request.signature)["inputs"])[0]["name"] == "tenure"
    assert request_of(sight(store), f"runs:/{run_id}").manifest == request.manifest


def test_a_logged_model_is_one_with_the_run_that_made_it(store: Store, saved: Path) -> None:
    with mlgit.start_run() as run:
        model = mlgit.log_model(saved, "trees")
    request = request_of(sight(store), f"models:/{model.model_id}")
    assert (request.run, request.logged_model) == (run.info.run_id, model.model_id)
    assert "tenure" in request.signature


def test_another_version_gives_a_copy(store: Store, run_id: str) -> None:
    made = versions.register(store, "churn", request_of(sight(store), f"runs:/{run_id}"))
    aliases.set_alias(store, "churn", "candidate", 1)
    request = request_of(sight(store), "models:/churn@candidate")
    assert (request.manifest, request.source) == (made.manifest, "models:/churn/1")


def test_a_url_is_kept_as_it_is(store: Store) -> None:
    request = request_of(sight(store), "s3://bucket/model")
    assert (request.source, request.manifest) == ("s3://bucket/model", "")


@pytest.mark.parametrize(
    "source", ["s3://me:secret@bucket/x", "model", "", "models:/churn", "runs:/{}/../../x"]
)
def test_what_cannot_be_a_source_is_refused(store: Store, run_id: str, source: str) -> None:
    with pytest.raises(InvalidValue):
        request_of(sight(store), source.format(run_id))


@pytest.mark.parametrize(
    "source", ["runs:/ffff", "runs:/{}/nothing", "models:/m-00", "models:/x/1"]
)
def test_what_is_not_there_is_named(store: Store, run_id: str, source: str) -> None:
    with pytest.raises(NotFound):
        request_of(sight(store), source.format(run_id))


def test_a_password_is_not_said_again(store: Store) -> None:
    with pytest.raises(InvalidValue) as caught:
        request_of(sight(store), "s3://me:secret@bucket/x")
    assert "secret" not in caught.value.message


def test_a_deleted_run_is_no_source(store: Store, run_id: str) -> None:
    edit.delete(store, store.snapshot().folder_of(run_id) or "")
    with pytest.raises(InvalidState):
        request_of(sight(store), f"runs:/{run_id}")
