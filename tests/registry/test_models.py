from __future__ import annotations

import pytest

from mlgit.errors import AlreadyExists, InvalidState, InvalidValue, NotFound
from mlgit.registry import catalogue, models
from mlgit.store.store import Store
from tests.registry.helpers import log, registered, written

WRITTEN = """\
# Ours since the merger; ask Ada before you rename it.
name: churn
created: "2026-11-22T08:14:51.123Z"
tags:
  team: blue  # was red
description: Leaves within 30 days.
"""


def test_a_model_is_made_in_a_commit_of_its_own(store: Store) -> None:
    count = len(log(store))
    made = models.create(store, "churn", description="Who leaves.", tags={"team": "blue"})
    assert catalogue.model(store.snapshot(), "churn") == made
    assert (made.folder, made.description, made.tags) == ("churn", "Who leaves.", {"team": "blue"})
    assert log(store, "-1", "--format=%s|%(trailers:key=Mlgit-Model,valueonly,separator=)") == [
        "registry: create churn|churn"
    ]
    assert len(log(store)) > count


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "..", ".", "x" * 257, "a\nb"])
def test_what_cannot_be_a_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidValue):
        models.create(store, name)
    assert catalogue.models(store.snapshot()) == ([], [])


def test_a_name_is_taken_once(store: Store) -> None:
    models.create(store, "churn")
    with pytest.raises(AlreadyExists):
        models.create(store, "churn")


def test_a_renamed_model_keeps_its_folder_and_versions_and_frees_its_name(store: Store) -> None:
    registered(store)
    renamed = models.rename(store, "churn", "attrition")
    assert renamed.folder == "churn"
    assert [one.number for one in catalogue.versions(store.snapshot(), "churn")] == [1]
    made = models.create(store, "churn")
    assert made.folder not in ("churn", "attrition")
    with pytest.raises(AlreadyExists):
        models.rename(store, "attrition", "churn")
    with pytest.raises(NotFound) as caught:
        catalogue.model(store.snapshot(), "chrun")
    assert caught.value.facts["candidates"] == ["attrition", "churn"]


def test_a_deleted_model_begins_anew_and_its_numbers_are_not_used_again(store: Store) -> None:
    registered(store)
    models.set_tag(store, "churn", "team", "blue")
    models.delete(store, "churn")
    with pytest.raises(InvalidState):
        catalogue.model(store.snapshot(), "churn")
    with pytest.raises(NotFound, match="was deleted"):
        catalogue.version(store.snapshot(), "churn", 1)
    again = models.create(store, "churn")
    assert (again.folder, again.lifecycle, again.tags) == ("churn", "active", {})
    assert registered(store).number == 2


def test_edits_of_one_field_leave_the_others_and_mark_it(store: Store) -> None:
    models.create(store, "churn", tags={"team": "blue"})
    models.describe(store, "churn", "Who leaves.")
    models.set_tag(store, "churn", "stage", 3)
    models.delete_tag(store, "churn", "team")
    found = catalogue.model(store.snapshot(), "churn")
    assert (found.description, found.tags) == ("Who leaves.", {"stage": "3"})
    assert set(found.edits) == {"description", "tags.stage", "tags.team"}
    assert found.edits["tags.team"].deleted
    before = log(store)
    models.delete_tag(store, "churn", "team")
    assert log(store) == before


def test_what_people_wrote_keeps_its_comments_and_order(store: Store) -> None:
    written(store, "registry/models/churn/model.yaml", WRITTEN)
    models.set_tag(store, "churn", "team", "green")
    text = (store.snapshot().read("registry/models/churn/model.yaml") or b"").decode()
    assert text.startswith("# Ours since the merger; ask Ada before you rename it.\nname: churn\n")
    assert "  team: green # was red\n" in text
    assert text.index("tags:") < text.index("description:")


def test_what_cannot_be_read_is_named_and_hides_no_other(store: Store) -> None:
    models.create(store, "churn")
    written(store, "registry/models/bad/model.yaml", "name: [\n")
    found, damaged = catalogue.models(store.snapshot())
    assert [one.name for one in found] == ["churn"]
    assert [one.path for one in damaged] == ["registry/models/bad/model.yaml"]
