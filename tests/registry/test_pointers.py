from __future__ import annotations

import pytest

from mlgit.errors import Conflict, InvalidState, InvalidValue, NotFound
from mlgit.registry import aliases, catalogue, models, stages, versions
from mlgit.registry.address import Address, parse
from mlgit.registry.find import find
from mlgit.registry.sight import sight
from mlgit.store.store import Store
from tests.registry.helpers import MANIFEST, log, registered, written

POLICY = """\
models:
  churn:
    aliases:
      production:
        clean: true
    stages:
      production:
        clean: true
"""
RACE = """\
alias: candidate
base: {version: 1, uid: "%s", at: "2026-11-23T08:14:51.123Z", by: aa}
sides:
  - {version: 2, uid: "0000000000000002", at: "2026-11-23T08:55:51.123Z", by: aa}
  - {version: 3, uid: "0000000000000003", at: "2026-11-23T08:56:51.123Z", by: bb}
"""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("churn", Address("churn")),
        ("churn@latest", Address("churn")),
        ("churn@5", Address("churn", version=5)),
        ("churn@5?", Address("churn", version=5)),
        ("churn@production", Address("churn", alias="production")),
        ("a@b@production", Address("a@b", alias="production")),
        ("models:/churn@production", Address("churn", alias="production")),
        ("models:/churn/5", Address("churn", version=5)),
        ("models:/churn/latest", Address("churn")),
        ("models:/churn/archived", Address("churn", stage="Archived")),
    ],
)
def test_an_address_is_read(text: str, meant: Address) -> None:
    assert parse(text) == meant
    assert parse(str(meant)) == meant


@pytest.mark.parametrize(
    "text",
    ["", "@5", "churn@", "models:/", "models:/churn", "models:/churn/beta", "models:/m/../../x"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse(text)


def test_an_alias_says_what_was_before_and_on_what_it_was_decided(store: Store) -> None:
    first, second = registered(store), registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    evidence = store.snapshot().commit.decode()
    moved = aliases.set_alias(store, "churn", "production", 2, reason="+1.2 pt")
    assert (moved.previous, moved.reason, moved.manifest) == (1, "+1.2 pt", MANIFEST)
    assert (moved.uid, moved.evidence) == (second.uid, evidence)
    assert log(store, "-2", "--format=%s") == [
        "promote churn: production v1 -> v2",
        "promote churn: production nothing -> v1",
    ]
    found = find(sight(store), parse("churn@production"))
    assert (found.version, found.alias) == (second, moved)
    assert find(sight(store), parse("churn@1")).version == first
    assert find(sight(store), parse("churn")).version == second


def test_giving_an_alias_to_who_has_it_changes_nothing(store: Store) -> None:
    registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    before = log(store)
    aliases.set_alias(store, "churn", "production", 1)
    assert log(store) == before


@pytest.mark.parametrize("name", ["", "latest", "v5", "5", "a b", "a/b", "x" * 256])
def test_what_cannot_be_an_alias_is_refused(store: Store, name: str) -> None:
    registered(store)
    with pytest.raises(InvalidValue):
        aliases.set_alias(store, "churn", name, 1)


def test_an_alias_is_taken_away(store: Store) -> None:
    registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    aliases.delete_alias(store, "churn", "production")
    with pytest.raises(NotFound):
        find(sight(store), parse("churn@production"))
    with pytest.raises(NotFound):
        aliases.delete_alias(store, "churn", "production")


def test_a_contested_alias_is_what_it_was_and_a_strict_reader_refuses(store: Store) -> None:
    made = registered(store)
    written(store, "registry/models/churn/aliases/candidate.yaml", RACE % made.uid)
    found = find(sight(store), parse("churn@candidate"))
    assert found.version == made
    assert "contested" in found.warnings[0]
    with pytest.raises(Conflict):
        find(sight(store), parse("churn@candidate"), strict=True)


def test_an_alias_is_followed_by_uid_where_its_number_is_another_one(store: Store) -> None:
    registered(store)
    second = registered(store)
    text = f'alias: a\nversion: 1\nuid: "{second.uid}"\nat: "2026-11-23T08:14:51.123Z"\nby: aa\n'
    written(store, "registry/models/churn/aliases/a.yaml", text)
    found = find(sight(store), parse("churn@a"))
    assert found.version == second
    assert found.warnings == ("churn@a says version 1, whose number is 2 now",)


def test_stages_move_and_others_are_archived(store: Store) -> None:
    registered(store)
    registered(store)
    stages.transition(store, "churn", 1, "production")
    stages.transition(store, "churn", 2, "Production", archive_existing=True, reason="better")
    there = {one.uid: one for one in catalogue.stages(store.snapshot(), "churn").values()}
    by_number = {
        one.number: there[one.uid].stage for one in catalogue.versions(store.snapshot(), "churn")
    }
    assert by_number == {1: "Archived", 2: "Production"}
    assert find(sight(store), parse("models:/churn/production")).version.number == 2
    with pytest.raises(NotFound):
        find(sight(store), parse("models:/churn/Staging"))
    with pytest.raises(InvalidValue):
        stages.transition(store, "churn", 1, "Archived", archive_existing=True)
    with pytest.raises(InvalidValue):
        stages.transition(store, "churn", 1, "beta")


def test_no_door_leads_past_a_gate(store: Store) -> None:
    registered(store)
    registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    stages.transition(store, "churn", 1, "Production")
    written(store, "registry/policy.yaml", POLICY)
    before = log(store)
    refused = (
        lambda: aliases.set_alias(store, "churn", "production", 2),
        lambda: aliases.delete_alias(store, "churn", "production"),
        lambda: aliases.remove_all(store, "churn"),
        lambda: stages.transition(store, "churn", 2, "Production"),
        lambda: stages.transition(store, "churn", 1, "None"),
    )
    with pytest.raises(InvalidState, match="has gates"):
        models.rename(store, "churn", "free")
    for act in refused:
        with pytest.raises(InvalidState, match="guarded by the policy"):
            act()
    assert log(store) == before
    aliases.set_alias(store, "churn", "candidate", 2)


def test_a_policy_that_cannot_be_read_lets_nothing_pass(store: Store) -> None:
    registered(store)
    written(store, "registry/policy.yaml", "models:\n  churn:\n    alias: {}\n")
    with pytest.raises(Exception, match=r"models\.churn\.alias: .* no rule of that name"):
        aliases.set_alias(store, "churn", "production", 1)


def test_a_renamed_model_is_found_by_its_new_name_with_all_its_aliases(store: Store) -> None:
    registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    models.rename(store, "churn", "attrition")
    assert find(sight(store), parse("attrition@production")).version.number == 1
    versions.delete(store, "attrition", 1)
    with pytest.raises(NotFound):
        find(sight(store), parse("attrition@production"))
