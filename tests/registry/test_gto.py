"""The registry as GTO's tags: made when asked, made once, on the code's commits."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlgit
from mlgit.errors import InvalidValue, NotFound
from mlgit.registry import aliases, gto, versions
from mlgit.registry.sight import sight
from mlgit.registry.source import request_of
from mlgit.store.store import Store
from tests.support.repos import git


def version(store: Store, name: str = "churn") -> int:
    with mlgit.start_run() as run:
        mlgit.log_text("weights", "model.txt")
    return versions.register(
        store, name, request_of(sight(store), f"runs:/{run.info.run_id}")
    ).number


def made(store: Store, name: str = "churn") -> list[str]:
    return [tag.name for tag in gto.make(store, sight(store), name)[0]]


def test_versions_and_aliases_become_tags_once(store: Store, repo: Path) -> None:
    version(store)
    aliases.set_alias(store, "churn", "production", 1)
    assert made(store) == ["churn@v1.0.0", "churn#production#1"]
    assert made(store) == []
    shown = git(repo, "cat-file", "-t", "refs/tags/churn@v1.0.0", check=True).stdout
    assert shown.strip() == "tag"
    head = git(repo, "rev-parse", "HEAD", check=True).stdout
    assert git(repo, "rev-parse", "churn#production#1^{commit}", check=True).stdout == head


def test_an_alias_that_moves_gets_the_next_number(store: Store, repo: Path) -> None:
    version(store)
    aliases.set_alias(store, "churn", "production", 1)
    made(store)
    git(repo, "commit", "-q", "--allow-empty", "-m", "more", check=True)
    from mlgit.runs import capture

    capture.forget()
    version(store)
    aliases.set_alias(store, "churn", "production", 2)
    aliases.set_alias(store, "churn", "dev", 1)
    assert made(store) == ["churn@v2.0.0", "churn#dev#2", "churn#production#3"]


def test_a_version_whose_code_is_elsewhere_is_left_out(store: Store) -> None:
    versions.register(store, "churn", versions.Request(source="s3://bucket/model"))
    aliases.set_alias(store, "churn", "production", 1)
    tags, skipped = gto.make(store, sight(store), "churn")
    assert tags == []
    assert skipped == ["v1: the commit of its code is not in this repository"]


def test_a_name_that_gto_does_not_know_is_refused(store: Store) -> None:
    version(store, "Churn model")
    with pytest.raises(InvalidValue, match="GTO"):
        gto.make(store, sight(store), "Churn model")
    with pytest.raises(NotFound):
        gto.make(store, sight(store), "nothing")
