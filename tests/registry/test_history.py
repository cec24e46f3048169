from __future__ import annotations

from mlgit.records.pointer import load_alias
from mlgit.registry import aliases
from mlgit.registry.history import Step, steps
from mlgit.store.store import Store
from tests.registry.helpers import registered

PATH = "registry/models/churn/aliases/production.yaml"


def moves(store: Store) -> list[Step]:
    snapshot = store.snapshot()
    return list(steps(snapshot.objects, snapshot.commit, [PATH]))


def number(data: bytes | None) -> int | None:
    alias = load_alias(data) if data else None
    return alias.version if alias else None


def test_the_history_of_an_alias_is_that_of_its_file(store: Store) -> None:
    registered(store)
    assert moves(store) == []
    registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    aliases.set_alias(store, "churn", "other", 1)
    aliases.set_alias(store, "churn", "production", 2)
    aliases.delete_alias(store, "churn", "production")
    found = moves(store)
    assert [(number(one.before), number(one.after)) for one in found] == [
        (2, None),
        (1, 2),
        (None, 1),
    ]
    assert found[1].subject == "promote churn: production v1 -> v2"
    assert found[0].author == "Ada Tester"
