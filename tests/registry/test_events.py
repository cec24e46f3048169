"""Events: what whoever deploys must hear, however it came to the branch."""

from __future__ import annotations

import pytest

from mlgit.errors import NotFound, Unsupported
from mlgit.git.oid import Oid
from mlgit.records import layout
from mlgit.records.model_version import dump_model_version
from mlgit.registry import aliases, models, stages, versions
from mlgit.registry.event import Event
from mlgit.registry.events import events
from mlgit.store.store import Store
from tests.registry.helpers import MANIFEST, registered, written
from tests.support.repos import git

PRODUCTION = "registry/models/churn/aliases/production.yaml"
RACE = """\
alias: production
base: {version: 1, uid: "%s", at: "2026-11-23T08:14:51.123Z", by: aa, manifest: "%s"}
sides:
  - {version: 2, uid: "0000000000000002", at: "2026-11-23T08:55:51.123Z", by: aa}
  - {version: 3, uid: "0000000000000003", at: "2026-11-23T08:56:51.123Z", by: bb}
"""


def tip(store: Store) -> Oid:
    return store.snapshot().commit


def told(store: Store, since: Oid | None = None) -> list[Event]:
    return events(store.repository.objects, since, tip(store))


def brief(found: list[Event]) -> list[tuple[str, str, int | None, int | None]]:
    return [(one.event, one.name, one.from_version, one.to_version) for one in found]


def test_the_life_of_an_alias_is_told_in_order(store: Store) -> None:
    first, second = registered(store), registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    aliases.set_alias(store, "churn", "production", 2)
    moved = tip(store).decode()
    aliases.delete_alias(store, "churn", "production")
    found = told(store)
    assert brief(found) == [
        ("model-created", "", None, None),
        ("version-registered", "", None, 1),
        ("version-registered", "", None, 2),
        ("alias-set", "production", None, 1),
        ("alias-moved", "production", 1, 2),
        ("alias-deleted", "production", 2, None),
    ]
    assert {one.model for one in found} == {"churn"}
    assert found[4] == Event(
        "alias-moved", "churn", "production", 1, 2, second.uid, MANIFEST, moved
    )
    assert found[1].uid == first.uid


def test_only_what_came_after_is_told(store: Store) -> None:
    registered(store)
    since = tip(store)
    assert told(store, since) == []
    stages.transition(store, "churn", 1, "Staging")
    versions.delete(store, "churn", 1)
    written(store, "registry/policy.yaml", "models: {}\n")
    assert brief(told(store, since)) == [
        ("stage-changed", "Staging", None, 1),
        ("version-deleted", "", None, 1),
        ("policy-changed", "", None, None),
    ]


def test_descriptions_tags_and_runs_are_nobodys_news(store: Store) -> None:
    registered(store)
    since = tip(store)
    models.describe(store, "churn", "new words")
    written(store, "registry/models/churn/notes.txt", "foreign")
    written(store, "README.md", "# hello\n")
    assert told(store, since) == []


def test_a_model_has_its_name_of_now_and_not_of_its_folder(store: Store) -> None:
    registered(store, "Kündigung")
    models.rename(store, "Kündigung", "churn two")
    assert {one.model for one in told(store)} == {"churn two"}


def test_an_undecided_race_and_an_unreadable_file_move_nothing(store: Store) -> None:
    first, second = registered(store), registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    since = tip(store)
    written(store, PRODUCTION, RACE % (first.uid, MANIFEST))
    written(store, PRODUCTION, "alias: [production\n")
    assert told(store, since) == []
    with store.change("by hand") as change:
        change.remove(PRODUCTION)
    aliases.set_alias(store, "churn", "production", 2)
    found = told(store, since)
    assert brief(found) == [("alias-set", "production", None, 2)]
    assert found[0].uid == second.uid


def test_new_bytes_behind_the_same_version_are_a_move(store: Store) -> None:
    registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    since = tip(store)
    data = store.snapshot().read(PRODUCTION)
    assert data is not None
    written(store, PRODUCTION, data.decode().replace("2c" * 32, "3d" * 32))
    assert brief(told(store, since)) == [("alias-moved", "production", 1, 1)]


def test_a_version_that_gets_another_number_was_registered_before(store: Store) -> None:
    mine = registered(store)
    since = tip(store)
    with store.change("a merge") as change:
        theirs = dump_model_version(mine._replace(uid="00000000000000aa"))
        change.put(layout.version_path("churn", 1), theirs)
        change.put(layout.version_path("churn", 2), dump_model_version(mine))
    found = told(store, since)
    assert [(one.event, one.to_version, one.uid) for one in found] == [
        ("version-registered", 1, "00000000000000aa")
    ]


def merged(store: Store, ours: Oid, theirs: Oid, first: Oid) -> Oid:
    """A merge of two commits with the tree of `theirs`, on the branch; `first` is its parent 1."""
    place = store.repository.common_dir
    parents = [first, ours if first == theirs else theirs]
    argv = [word for parent in parents for word in ("-p", parent.decode())]
    tree = f"{theirs.decode()}^{{tree}}"
    made = git(place, "commit-tree", tree, *argv, "-m", "merge", check=True).stdout.strip()
    git(place, "update-ref", "refs/heads/mlgit", made, check=True)
    return made.encode()


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_merge_is_one_step_from_whichever_side_is_known(store: Store, first: str) -> None:
    registered(store)
    ours = tip(store)
    aliases.set_alias(store, "churn", "production", 1)
    aliases.delete_alias(store, "churn", "production")
    aliases.set_alias(store, "churn", "production", 1)
    theirs = tip(store)
    made = merged(store, ours, theirs, ours if first == "ours" else theirs)
    assert brief(told(store, theirs)) == []
    known = told(store, ours)
    assert known[-1].event == "alias-set"
    assert (known[-1].commit == made.decode()) == (first == "ours")


def test_what_is_no_past_and_what_is_not_here_are_said(store: Store) -> None:
    registered(store)
    other = git(store.repository.common_dir, "rev-parse", "main", check=True).stdout.strip()
    with pytest.raises(NotFound):
        told(store, other.encode())
    (store.repository.common_dir / "shallow").write_bytes(tip(store) + b"\n")
    with pytest.raises(Unsupported):
        told(store)
