"""Experiments: made, chosen, renamed, deleted and restored as MLflow's SQL store does."""

from __future__ import annotations

import pytest

import mlgit
from mlgit.entities import ViewType
from mlgit.errors import AlreadyExists, InvalidState, InvalidValue, NotFound

pytestmark = pytest.mark.usefixtures("store")


def run_in(experiment_id: str | None = None) -> mlgit.Run:
    with mlgit.start_run(experiment_id=experiment_id) as run:
        pass
    return run


def names(view: ViewType = ViewType.ACTIVE_ONLY, filter_string: str | None = None) -> set[str]:
    return {one.name for one in mlgit.search_experiments(view, filter_string=filter_string)}


def test_a_made_experiment_is_found_by_id_and_by_name() -> None:
    made = mlgit.create_experiment("churn", tags={"team": "blue"})
    found = mlgit.get_experiment(made)
    assert (found.experiment_id, found.name, found.lifecycle_stage) == (made, "churn", "active")
    assert found.tags == {"team": "blue"}
    assert mlgit.get_experiment_by_name("churn") == found
    assert made.isdigit()


def test_two_clones_would_make_the_same_experiment() -> None:
    from mlgit.records import layout

    assert mlgit.create_experiment("churn") == layout.experiment_id("churn")


@pytest.mark.parametrize("name", ["", "x" * 501])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        mlgit.create_experiment(name)


@pytest.mark.parametrize("name", ["x" * 500, "Größe / 50 %", "con", "a/../b", "~", "UPPER"])
def test_any_other_name_is_kept_as_it_is(name: str) -> None:
    made = mlgit.create_experiment(name)
    run = run_in(made)
    assert mlgit.get_experiment(made).name == name
    assert mlgit.get_run(run.info.run_id).info.experiment_id == made


def test_a_name_is_taken_also_by_a_deleted_experiment() -> None:
    made = mlgit.create_experiment("churn")
    with pytest.raises(AlreadyExists, match="churn"):
        mlgit.create_experiment("churn")
    mlgit.delete_experiment(made)
    with pytest.raises(AlreadyExists, match="deleted"):
        mlgit.create_experiment("churn")


def test_an_unknown_one_is_none_by_name_and_an_error_by_id() -> None:
    assert mlgit.get_experiment_by_name("nosuch") is None
    with pytest.raises(NotFound):
        mlgit.get_experiment("123")


def test_runs_go_to_default_until_another_is_chosen() -> None:
    assert run_in().info.experiment_id == "0"
    assert mlgit.get_experiment("0").name == "Default"


def test_choosing_makes_it_where_needed() -> None:
    chosen = mlgit.set_experiment("churn")
    assert run_in().info.experiment_id == chosen.experiment_id
    assert mlgit.set_experiment("churn") == chosen
    assert mlgit.set_experiment(experiment_id="0").name == "Default"


@pytest.mark.parametrize("arguments", [{}, {"experiment_name": "a", "experiment_id": "0"}])
def test_choosing_takes_a_name_or_an_id(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidValue):
        mlgit.set_experiment(**arguments)


def test_a_deleted_one_cannot_be_chosen_or_hold_new_runs() -> None:
    made = mlgit.create_experiment("churn")
    mlgit.delete_experiment(made)
    with pytest.raises(InvalidState, match="deleted"):
        mlgit.set_experiment("churn")
    with pytest.raises(InvalidState, match="deleted"):
        mlgit.start_run(experiment_id=made)
    assert mlgit.active_run() is None


def test_an_unknown_one_cannot_hold_runs() -> None:
    with pytest.raises(NotFound):
        mlgit.start_run(experiment_id="123")
    with pytest.raises(NotFound):
        mlgit.set_experiment(experiment_id="123")


def test_its_runs_are_deleted_and_restored_with_it() -> None:
    made = mlgit.create_experiment("churn")
    one, other = run_in(made), run_in(made)
    mlgit.delete_run(other.info.run_id)
    mlgit.delete_experiment(made)
    stages = {mlgit.get_run(run.info.run_id).info.lifecycle_stage for run in (one, other)}
    assert stages == {"deleted"}
    assert mlgit.get_experiment(made).lifecycle_stage == "deleted"
    mlgit.restore_experiment(made)
    stages = {mlgit.get_run(run.info.run_id).info.lifecycle_stage for run in (one, other)}
    assert stages == {"active"}
    assert mlgit.get_experiment(made).lifecycle_stage == "active"


def test_the_default_may_be_deleted() -> None:
    run_in()
    mlgit.delete_experiment("0")
    assert mlgit.get_experiment("0").lifecycle_stage == "deleted"


def test_a_new_name_changes_nothing_else() -> None:
    made = mlgit.create_experiment("churn")
    run = run_in(made)
    mlgit.MlgitClient().rename_experiment(made, "attrition")
    assert mlgit.get_experiment(made).name == "attrition"
    assert mlgit.get_experiment_by_name("churn") is None
    assert mlgit.get_run(run.info.run_id).info.experiment_id == made


def test_a_taken_name_cannot_be_given() -> None:
    mlgit.create_experiment("churn")
    other = mlgit.create_experiment("other")
    with pytest.raises(AlreadyExists):
        mlgit.MlgitClient().rename_experiment(other, "churn")


def test_tags_of_the_chosen_experiment() -> None:
    chosen = mlgit.set_experiment("churn")
    mlgit.set_experiment_tag("team", "blue")
    mlgit.set_experiment_tags({"n": 3, "team": "red"})
    assert mlgit.get_experiment(chosen.experiment_id).tags == {"team": "red", "n": "3"}
    mlgit.delete_experiment_tag("n")
    assert mlgit.get_experiment(chosen.experiment_id).tags == {"team": "red"}


@pytest.mark.parametrize(("key", "value"), [("k" * 251, "v"), ("k", "v" * 20_001)])
def test_a_tag_that_is_too_long_is_refused(key: str, value: str) -> None:
    mlgit.set_experiment("churn")
    with pytest.raises(InvalidValue):
        mlgit.set_experiment_tag(key, value)


class TestSearching:
    def test_the_view_says_which_lifecycles(self) -> None:
        mlgit.delete_experiment(mlgit.create_experiment("gone"))
        mlgit.create_experiment("here")
        assert names() >= {"here"}
        assert "gone" not in names()
        assert names(ViewType.DELETED_ONLY) == {"gone"}
        assert names(ViewType.ALL) >= {"gone", "here"}

    @pytest.mark.parametrize(
        ("filter_string", "found"),
        [
            ("name = 'churn'", {"churn"}),
            ("name LIKE 'ch%'", {"churn", "cheese"}),
            ("name ILIKE 'CH%' AND tags.team = 'blue'", {"churn"}),
            ("tags.team != 'red'", {"churn"}),
        ],
    )
    def test_a_filter_looks_at_names_and_tags(self, filter_string: str, found: set[str]) -> None:
        mlgit.create_experiment("churn", tags={"team": "blue"})
        mlgit.create_experiment("cheese", tags={"team": "red"})
        assert names(filter_string=filter_string) == found

    def test_pages_follow_each_other(self) -> None:
        for number in range(5):
            mlgit.create_experiment(f"e{number}")
        client = mlgit.MlgitClient()
        seen: list[str] = []
        token = None
        while True:
            page = client.search_experiments(
                filter_string="name LIKE 'e%'", max_results=2, order_by=["name"], page_token=token
            )
            seen += [one.name for one in page]
            token = page.token
            if not token:
                break
        assert seen == ["e0", "e1", "e2", "e3", "e4"]
