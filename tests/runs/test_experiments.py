from __future__ import annotations

import pytest

from mlgit.errors import AlreadyExists, InvalidState, InvalidValue, NotFound
from mlgit.records import layout
from mlgit.runs import begin, edit, experiments
from mlgit.store.store import Store
from tests.runs.helpers import commits


def run_in(store: Store, experiment: str) -> str:
    active = begin.start(store, experiment)
    active.finish()
    return active.folder


def test_an_experiment_is_made_in_a_commit_of_its_own(store: Store) -> None:
    count = commits(store)
    made = experiments.create(
        store, "churn", tags={"team": "blue", "mlflow.note.content": "why"}, artifact_location="s3:"
    )
    assert commits(store) == count + 1
    found = store.snapshot().experiment_by_name("churn")
    assert found == made
    assert (made.id, made.folder) == (layout.experiment_id("churn"), "churn")
    assert (made.tags, made.note, made.artifact_location) == ({"team": "blue"}, "why", "s3:")


def test_default_has_the_id_that_mlflow_gives_it(store: Store) -> None:
    assert experiments.get_or_create(store, "Default").id == "0"


def test_a_name_is_taken_once(store: Store) -> None:
    made = experiments.create(store, "churn")
    with pytest.raises(AlreadyExists, match="there is an experiment"):
        experiments.create(store, "churn")
    experiments.delete(store, made.id)
    with pytest.raises(AlreadyExists, match="a deleted experiment") as caught:
        experiments.create(store, "churn")
    assert caught.value.hint == f"mlgit experiments restore {made.id}"


@pytest.mark.parametrize("name", ["", " ", "x" * 501, "a\nb"])
def test_what_cannot_be_a_name_is_refused(store: Store, name: str) -> None:
    for make in (experiments.create, experiments.get_or_create):
        with pytest.raises(InvalidValue):
            make(store, name)
    with pytest.raises(InvalidValue):
        begin.start(store, name)


def test_getting_makes_it_once(store: Store) -> None:
    made = experiments.get_or_create(store, "churn")
    count = commits(store)
    assert experiments.get_or_create(store, "churn") == made
    assert commits(store) == count
    experiments.delete(store, made.id)
    with pytest.raises(InvalidState):
        experiments.get_or_create(store, "churn")


def test_a_renamed_experiment_keeps_folder_and_runs_and_frees_its_name(store: Store) -> None:
    folder = run_in(store, "churn")
    old = store.snapshot().experiment_by_name("churn")
    assert old is not None
    renamed = experiments.rename(store, old.id, "attrition")
    assert (renamed.id, renamed.folder) == (old.id, "churn")
    assert store.snapshot().run(folder).experiment_id == old.id
    new = experiments.create(store, "churn")
    assert new.id == layout.experiment_id("churn", 1)
    assert new.folder not in ("churn", old.folder)
    assert run_in(store, "churn").startswith(f"runs/{new.folder}/")
    with pytest.raises(AlreadyExists):
        experiments.rename(store, new.id, "attrition")
    assert experiments.rename(store, new.id, "churn") == new


def test_deleting_takes_the_runs_along_and_restoring_brings_all_back(store: Store) -> None:
    first, second, other = run_in(store, "churn"), run_in(store, "churn"), run_in(store, "other")
    moved = run_in(store, "other")
    home = store.snapshot().experiment_by_name("churn")
    assert home is not None
    edit.move(store, moved, home.id)
    edit.delete(store, first)
    count = commits(store)
    assert experiments.delete(store, home.id).lifecycle == "deleted"
    assert commits(store) == count + 1
    snapshot = store.snapshot()
    states = [snapshot.run(folder).lifecycle for folder in (first, second, moved, other)]
    assert states == ["deleted", "deleted", "deleted", "active"]
    with pytest.raises(InvalidState):
        experiments.delete(store, home.id)
    experiments.restore(store, home.id)
    snapshot = store.snapshot()
    restored = [snapshot.run(folder) for folder in (first, second, moved)]
    assert [(run.lifecycle, run.deleted_at) for run in restored] == [("active", None)] * 3
    with pytest.raises(InvalidState):
        experiments.restore(store, home.id)


def test_tags_follow_mlflows_rules(store: Store) -> None:
    made = experiments.create(store, "churn")
    assert experiments.set_tag(store, made.id, "a", "x" * 20_000).tags["a"] == "x" * 20_000
    with pytest.raises(InvalidValue):
        experiments.set_tag(store, made.id, "a", "x" * 20_001)
    with pytest.raises(InvalidValue):
        experiments.set_tag(store, made.id, "../a", "x")
    assert experiments.set_tag(store, made.id, "mlflow.note.content", "n").note == "n"
    assert experiments.delete_tag(store, made.id, "a").tags == {}
    with pytest.raises(NotFound):
        experiments.delete_tag(store, made.id, "a")
    experiments.delete(store, made.id)
    with pytest.raises(InvalidState):
        experiments.set_tag(store, made.id, "a", "1")


def test_what_is_not_there_is_not_found(store: Store) -> None:
    for act in (experiments.delete, experiments.restore):
        with pytest.raises(NotFound):
            act(store, "12345")
    with pytest.raises(NotFound):
        experiments.rename(store, "12345", "x")


def test_a_change_is_stamped(store: Store) -> None:
    made = experiments.create(store, "churn")
    changed = experiments.rename(store, made.id, "other")
    assert changed.edits["name"].by == store.writer
    assert changed.updated >= made.updated
