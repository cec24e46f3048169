from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import InvalidState, NotFound
from mlgit.registry import aliases, modes, rules
from mlgit.registry.address import parse
from mlgit.registry.find import find
from mlgit.registry.history import steps
from mlgit.registry.sight import sight
from mlgit.store.store import Store
from tests.registry.helpers import registered, written
from tests.support.repos import git

PATH = "registry/models/churn/aliases/production.yaml"
APART = "refs/heads/mlgit-registry"


@pytest.fixture
def placed(store: Store) -> Store:
    registered(store)
    registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    written(store, "CODEOWNERS", "* @leads\n")
    return store


def paths(store: Store, branch: str) -> set[str]:
    place = Path(store.home.work_tree or "")
    return set(git(place, "ls-tree", "-r", "--name-only", branch, check=True).stdout.split())


def test_what_decides_moves_to_a_branch_of_its_own_and_back(placed: Store) -> None:
    before = paths(placed, "mlgit")
    assert modes.protect(placed)
    assert not modes.protect(placed)
    assert paths(placed, "mlgit-registry") == {".gitattributes", "CODEOWNERS", PATH}
    assert paths(placed, "mlgit") == before - {"CODEOWNERS", PATH}
    assert find(sight(placed), parse("churn@production")).version.number == 1
    assert modes.reopen(placed)
    assert not modes.reopen(placed)
    assert paths(placed, "mlgit") == before
    assert find(sight(placed), parse("churn@production")).version.number == 1


def test_the_history_of_an_alias_goes_on_across_both_moves(placed: Store) -> None:
    modes.protect(placed)
    aliases.set_alias(placed, "churn", "production", 2)
    seen = sight(placed)
    said = [one.subject for one in steps(seen.guarded.objects, seen.guarded.commit, [PATH])]
    assert said == [
        "promote churn: production v1 -> v2",
        "promote churn: production nothing -> v1",
    ]
    modes.reopen(placed)
    place = Path(placed.home.work_tree or "")
    log = git(place, "log", "--format=%s", "mlgit", "--", PATH, check=True).stdout
    assert "promote churn: production v1 -> v2" in log


def test_runs_and_versions_stay_where_everybody_writes(placed: Store) -> None:
    modes.protect(placed)
    assert registered(placed).number == 3
    tip = placed.repository.refs.read(APART)
    rules.put_policy(placed, b"models: {}\n", "")
    assert placed.repository.refs.read(APART) != tip
    assert placed.snapshot().read("registry/policy.yaml") is None


def test_once_it_is_shared_only_proposals_change_it(placed: Store) -> None:
    modes.protect(placed)
    place = Path(placed.home.work_tree or "")
    git(place, "update-ref", "refs/remotes/origin/mlgit-registry", APART, check=True)
    for act in (
        lambda: aliases.set_alias(placed, "churn", "production", 2),
        lambda: aliases.delete_alias(placed, "churn", "production"),
        lambda: rules.put_policy(placed, b"models: {}\n", ""),
    ):
        with pytest.raises(InvalidState, match="protected"):
            act()


def test_where_the_branch_is_missing_nobody_says_that_there_are_no_aliases(placed: Store) -> None:
    modes.protect(placed)
    git(Path(placed.home.work_tree or ""), "update-ref", "-d", APART, check=True)
    with pytest.raises(InvalidState, match="not here"):
        find(sight(placed), parse("churn@production"))
    with pytest.raises(InvalidState, match="not here"):
        aliases.set_alias(placed, "churn", "production", 2)


def test_an_alias_on_the_open_branch_counts_for_nothing(placed: Store) -> None:
    modes.protect(placed)
    uid = find(sight(placed), parse("churn@2")).version.uid
    text = f'alias: live\nversion: 2\nuid: "{uid}"\nat: "2026-11-23T08:14:51.123Z"\nby: aa\n'
    written(placed, "registry/models/churn/aliases/live.yaml", text)
    with pytest.raises(NotFound):
        find(sight(placed), parse("churn@live"))
