from __future__ import annotations

import pytest

from mlgit.errors import InvalidValue, NotFound
from mlgit.records.model_version import DELETED
from mlgit.registry import catalogue, landed, models, versions
from mlgit.store.store import Store
from tests.registry.helpers import MANIFEST, log, registered


def test_the_first_registration_makes_the_model_too_in_one_commit(store: Store) -> None:
    count = len(log(store, "--format=%h"))
    made = registered(store, run="4f1c9e20aa11bb22", author="ada")
    assert (made.number, made.status, made.manifest) == (1, "READY", MANIFEST)
    assert len(log(store, "--format=%h")) == count + 1
    assert catalogue.version(store.snapshot(), "churn", 1) == made
    assert log(store, "-1", "--format=%B")[:4] == [
        "registry: register churn v1",
        "",
        "Mlgit-Model: churn",
        "Mlgit-Run: 4f1c9e20aa11bb22",
    ]


def test_a_version_of_a_model_that_must_be_there(store: Store) -> None:
    with pytest.raises(NotFound):
        versions.create(store, "churn", versions.Request())
    models.create(store, "churn")
    assert versions.create(store, "churn", versions.Request()).number == 1


def test_the_number_of_a_deleted_version_is_not_used_again(store: Store) -> None:
    registered(store)
    registered(store)
    assert versions.delete(store, "churn", 2).status == DELETED
    assert registered(store).number == 3
    with pytest.raises(NotFound) as caught:
        versions.annotate(store, "churn", 2, "too late")
    assert caught.value.facts["candidates"] == [1, 3]


def test_a_version_is_described_tagged_and_marked(store: Store) -> None:
    registered(store)
    versions.annotate(store, "churn", 1, "Deeper *trees*.")
    versions.set_tag(store, "churn", 1, "validated", "yes")
    versions.set_tag(store, "churn", 1, "odd", "x")
    versions.delete_tag(store, "churn", 1, "odd")
    versions.set_status(store, "churn", 1, "FAILED_REGISTRATION")
    found = catalogue.version(store.snapshot(), "churn", 1)
    assert (found.description, found.tags, found.status) == (
        "Deeper *trees*.",
        {"validated": "yes"},
        "FAILED_REGISTRATION",
    )
    assert set(found.edits) == {"description", "tags.odd", "tags.validated", "status"}
    with pytest.raises(InvalidValue):
        versions.set_status(store, "churn", 1, DELETED)


def test_a_copy_has_the_same_files_and_another_identity(store: Store) -> None:
    source = registered(store, run="4f1c9e20aa11bb22")
    request = versions.copied(catalogue.model(store.snapshot(), "churn"), source)
    made = versions.register(store, "churn-live", request)
    assert (made.number, made.run, made.manifest) == (1, source.run, source.manifest)
    assert made.source == "models:/churn/1"
    assert made.uid != source.uid


def test_without_an_upstream_what_is_committed_has_landed(store: Store) -> None:
    made = registered(store)
    assert landed.is_landed(store, "churn", made)


def test_with_one_a_number_is_provisional_until_it_is_there(store: Store) -> None:
    tip = store.snapshot().commit.decode()
    (store.repository.common_dir / "refs/remotes/origin").mkdir(parents=True)
    (store.repository.common_dir / "refs/remotes/origin/mlgit").write_text(f"{tip}\n")
    made = registered(store)
    assert not landed.is_landed(store, "churn", made)
    tip = store.snapshot().commit.decode()
    (store.repository.common_dir / "refs/remotes/origin/mlgit").write_text(f"{tip}\n")
    assert landed.is_landed(store, "churn", made)
    assert not landed.is_landed(store, "churn", made._replace(uid="0" * 16))
