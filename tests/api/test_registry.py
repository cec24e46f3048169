"""The registry by MLflow's names."""

from __future__ import annotations

import pytest

import mlgit
from mlgit import MlgitClient
from mlgit.errors import AlreadyExists, InvalidState, InvalidValue, NotFound
from mlgit.store.store import Store


@pytest.fixture
def client(store: Store) -> MlgitClient:  # noqa: ARG001 - it is the one of the current folder
    return MlgitClient()


def trained(auc: float = 0.9) -> str:
    """The address of a run's model."""
    with mlgit.start_run() as run:
        mlgit.log_metric("auc", auc)
        mlgit.log_text("weights", "model/weights.txt")
    return f"runs:/{run.info.run_id}/model"


def test_a_run_becomes_a_version_with_its_lineage(client: MlgitClient) -> None:
    source = trained()
    made = mlgit.register_model(source, "churn", tags={"team": "risk"})
    assert (made.name, made.version, made.source) == ("churn", "1", source)
    assert made.run_id == source.split("/")[1]
    assert (made.current_stage, made.status, made.tags) == ("None", "READY", {"team": "risk"})
    assert made.user_id == "Ada Tester"
    assert client.get_model_version("churn", "1") == made
    assert client.get_registered_model("churn").latest_versions == [made]
    assert client.get_model_version_download_uri("churn", 1) == source


def test_a_version_needs_its_model_and_files_that_are_there(client: MlgitClient) -> None:
    source = trained()
    with pytest.raises(NotFound):
        client.create_model_version("churn", source)
    client.create_registered_model("churn", tags={"a": 1}, description="Who leaves.")
    with pytest.raises(AlreadyExists):
        client.create_registered_model("churn")
    assert client.create_model_version("churn", source, description="first").version == "1"
    with pytest.raises(NotFound):
        client.create_model_version("churn", f"{source}-other")
    with mlgit.start_run() as run, pytest.raises(NotFound) as caught:
        mlgit.register_model(f"runs:/{run.info.run_id}/model", "churn")
    assert "end the run first" in caught.value.hint


def test_aliases_and_stages_as_in_mlflow(client: MlgitClient) -> None:
    for auc in (0.9, 0.91, 0.92):
        mlgit.register_model(trained(auc), "churn")
    client.set_registered_model_alias("churn", "champion", "2")
    assert client.get_model_version_by_alias("churn", "champion").version == "2"
    assert client.get_model_version("churn", 2).aliases == ["champion"]
    assert client.get_registered_model("churn").aliases == {"champion": "2"}
    client.transition_model_version_stage("churn", 1, "staging")
    moved = client.transition_model_version_stage("churn", 2, "Staging", True)
    assert moved.current_stage == "Staging"
    newest = {one.current_stage: one.version for one in client.get_latest_versions("churn")}
    assert newest == {"Archived": "1", "Staging": "2", "None": "3"}
    assert [one.version for one in client.get_latest_versions("churn", ["staging"])] == ["2"]
    client.set_model_version_tag("churn", stage="Staging", key="seen", value="yes")
    assert client.get_model_version("churn", 2).tags == {"seen": "yes"}
    client.delete_model_version_tag("churn", "2", "seen")
    client.delete_registered_model_alias("churn", "champion")
    with pytest.raises(NotFound):
        client.get_model_version_by_alias("churn", "champion")
    assert client.get_model_version_stages("churn", "1")[0] == "None"


def test_deleting_a_version_takes_its_aliases_along(client: MlgitClient) -> None:
    mlgit.register_model(trained(), "churn")
    client.set_registered_model_alias("churn", "champion", 1)
    client.delete_model_version("churn", "1")
    assert client.get_registered_model("churn").aliases == {}
    with pytest.raises(NotFound):
        client.get_model_version("churn", "1")
    assert mlgit.register_model(trained(), "churn").version == "2"
    client.delete_registered_model("churn")
    with pytest.raises(InvalidState):
        client.get_registered_model("churn")


def test_a_copy_stands_under_another_model(client: MlgitClient) -> None:
    made = mlgit.register_model(trained(), "churn-dev")
    client.set_registered_model_alias("churn-dev", "candidate", 1)
    copy = client.copy_model_version("models:/churn-dev@candidate", "churn")
    assert (copy.name, copy.version, copy.run_id) == ("churn", "1", made.run_id)
    assert copy.manifest == made.manifest
    assert copy.source == "models:/churn-dev/1"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", ["1", "2", "3"]),
        ("name = 'churn'", ["1", "2"]),
        ("name LIKE 'ch%' AND version_number > 1", ["2"]),
        ("tags.team = 'risk'", ["2"]),
        ("run_id = 'ffff'", []),
        ("name ILIKE 'OTHER'", ["3"]),
        ("source_path LIKE 'runs:/%' AND tags.team != 'risk'", []),
    ],
)
def test_versions_are_searched(client: MlgitClient, wanted: str, found: list[str]) -> None:
    mlgit.register_model(trained(), "churn")
    mlgit.register_model(trained(), "churn", tags={"team": "risk"})
    mlgit.register_model(trained(), "other")
    names = {("churn", "1"): "1", ("churn", "2"): "2", ("other", "1"): "3"}
    there = mlgit.search_model_versions(filter_string=wanted)
    assert sorted(names[one.name, one.version] for one in there) == found
    assert client.search_model_versions("name = 'other'")[0].name == "other"


def test_models_are_searched_page_by_page(client: MlgitClient) -> None:
    for name in ("b", "a", "c"):
        client.create_registered_model(name, tags={"first": name})
    first = client.search_registered_models(max_results=2)
    assert [one.name for one in first] == ["a", "b"]
    rest = client.search_registered_models(max_results=2, page_token=first.token)
    assert [one.name for one in rest] == ["c"]
    assert rest.token is None
    found = mlgit.search_registered_models(filter_string="name != 'b'", order_by=["name DESC"])
    assert [one.name for one in found] == ["c", "a"]
    found = mlgit.search_registered_models(filter_string="tags.first = 'b'")
    assert [one.name for one in found] == ["b"]


@pytest.mark.parametrize("version", ["", "0", "-1", "v1", "1.0", "latest"])
def test_what_is_no_number_is_refused(client: MlgitClient, version: str) -> None:
    client.create_registered_model("churn")
    with pytest.raises(InvalidValue):
        client.get_model_version("churn", version)


def test_names_and_words_are_changed(client: MlgitClient) -> None:
    mlgit.register_model(trained(), "churn")
    client.update_registered_model("churn", "Who leaves.")
    client.set_registered_model_tag("churn", "team", "risk")
    client.set_registered_model_tag("churn", "odd", 1)
    client.delete_registered_model_tag("churn", "odd")
    assert client.update_model_version("churn", 1, "Deeper.").description == "Deeper."
    mlgit.set_model_version_tag("churn", 1, "seen", True)
    renamed = client.rename_registered_model("churn", "attrition")
    assert (renamed.description, renamed.tags) == ("Who leaves.", {"team": "risk"})
    assert renamed.latest_versions[0].tags == {"seen": "True"}
