"""A store is checked on both its branches, and for what got past a gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.checking import findings, problems
from mlgit.git.oid import Oid
from mlgit.git.tree import Edit
from mlgit.registry import aliases, modes
from mlgit.registry.guarded import Made, commit_here, guarded_branch, with_edits
from mlgit.runs import capture
from mlgit.sharing.forget import Wanted, forget
from mlgit.store.store import Store
from tests.registry.gate import scene
from tests.registry.helpers import registered, written
from tests.support.repos import git

ALIAS = "registry/models/churn/aliases/production.yaml"
POLICY = "registry/policy.yaml"
GATE = "require:\n  - metric: acc\n    fail_below: 0.8"


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    capture.forget()
    Store.init(repo)
    with Store.open(repo) as opened:
        yield opened


@pytest.fixture
def placed(store: Store) -> Store:
    """Two versions; production went from the first to the second."""
    registered(store)
    registered(store)
    aliases.set_alias(store, "churn", "production", 1)
    aliases.set_alias(store, "churn", "production", 2)
    return store


def found(store: Store, *, deep: bool = True) -> dict[str, str]:
    """Code to path, of all but notes."""
    every = problems(store, deep=deep)
    return {one.code: one.path for one in every if one.severity != "note"}


def decided(store: Store, edits: dict[str, Edit]) -> None:
    """A commit on the branch that decides, past all rules."""

    def build(tip: Oid) -> Made | None:
        return with_edits(store.repository.objects, tip, edits, "by hand", store)

    commit_here(store, guarded_branch(store), build, "by hand")


def test_a_store_of_two_branches_is_as_it_should_be(placed: Store) -> None:
    assert found(placed) == {}
    modes.protect(placed)
    assert problems(placed, deep=True) == []
    decided(placed, {"CODEOWNERS": b"* @leads\n", ".github/workflows/gate.yml": b"on: push\n"})
    aliases.set_alias(placed, "churn", "production", 1)
    assert problems(placed, deep=True) == []
    modes.reopen(placed)
    assert found(placed) == {}


def test_an_alias_of_the_guarded_branch_has_its_version_on_the_other(placed: Store) -> None:
    modes.protect(placed)
    text = (
        'alias: {}\nversion: {}\nuid: "{}"\nat: "2026-11-23T08:14:51.123Z"\nby: aa\nprevious: {}\n'
    )
    decided(placed, {ALIAS: text.format("production", 7, "ab" * 16, 2).encode()})
    assert found(placed) == {"no-version": f"mlgit-registry:{ALIAS}"}
    decided(placed, {ALIAS: b"alias: [production\n"})
    (one,) = problems(placed)
    assert (one.code, one.path, one.line) == ("invalid", f"mlgit-registry:{ALIAS}", 2)
    assert [each.severity for each in findings(placed)] == ["error"]


def test_each_branch_holds_what_is_its_own(placed: Store) -> None:
    alias = placed.snapshot().read(ALIAS) or b""
    modes.protect(placed)
    written(placed, ALIAS, alias.decode())
    assert found(placed, deep=False) == {"wrong-branch": ALIAS}
    decided(placed, {"registry/models/churn/versions/3.yaml": b"uid: aa\n", "notes.txt": b"?"})
    every = [(one.code, one.path, one.severity) for one in problems(placed)]
    assert every == [
        ("wrong-branch", ALIAS, "error"),
        ("unknown-file", "mlgit-registry:notes.txt", "note"),
        ("wrong-branch", "mlgit-registry:registry/models/churn/versions/3.yaml", "error"),
    ]


def test_a_guarded_branch_that_is_missing_is_said(placed: Store) -> None:
    modes.protect(placed)
    place = Path(placed.home.work_tree or "")
    git(place, "update-ref", "-d", "refs/heads/mlgit-registry", check=True)
    (one,) = problems(placed)
    assert (one.code, one.hint) == ("no-branch", "mlgit pull")


@pytest.mark.parametrize("raced", [False, True])
def test_a_merge_takes_over_several_steps_of_its_other_side(placed: Store, raced: bool) -> None:
    registered(placed)
    moved = scene.promoted(placed, 3) if raced else {}
    theirs = scene.commit(placed, {"README.md": b"runs\n", **moved})
    for number in (1, 2, 1):
        aliases.set_alias(placed, "churn", "production", number)
    ours = placed.snapshot()
    merged: dict[str, Edit] = {"README.md": b"runs\n", ALIAS: ours.read(ALIAS)}
    merge = scene.commit(placed, merged, theirs, ours.commit)
    place = Path(placed.home.work_tree or "")
    git(place, "update-ref", "refs/heads/mlgit", merge.decode(), check=True)
    assert ("previous-differs" in found(placed)) is raced


def test_what_was_forgotten_is_no_past_that_an_alias_could_be_wrong_about(placed: Store) -> None:
    forget(placed, Wanted(reason="too much"))
    assert found(placed) == {}


def test_going_back_to_one_branch_brings_nothing_back_that_was_forgotten(placed: Store) -> None:
    modes.protect(placed)
    forget(placed, Wanted(reason="too much"))
    modes.reopen(placed)
    assert found(placed) == {}
    assert placed.snapshot().read(ALIAS)


def test_an_alias_that_got_past_its_gate_is_found_afterwards(store: Store) -> None:
    for acc in (0.9, 0.7, 0.95):
        scene.version(store, {"acc": acc})
    scene.policy(store, GATE)
    decided(store, scene.promoted(store, 1))
    assert found(store, deep=False) == {}
    decided(store, scene.promoted(store, 2))
    scene.version(store, {"acc": 0.99})
    (one,) = problems(store)
    assert (one.code, one.path, one.severity) == ("ungated", ALIAS, "error")
    assert "metric acc" in one.message
    decided(store, scene.promoted(store, 3))
    assert found(store) == {}


def test_rules_do_not_change_without_the_words_that_they_ask_for(store: Store) -> None:
    scene.version(store, {"acc": 0.9})
    scene.policy(store, f"{GATE}\napprovals:\n  count: 1")
    assert found(store) == {}
    decided(store, {POLICY: None})
    assert found(store) == {"ungated": POLICY}


def test_a_gated_alias_that_was_taken_away_is_missed(store: Store) -> None:
    scene.version(store, {"acc": 0.9})
    scene.policy(store, GATE)
    decided(store, scene.promoted(store, 1))
    scene.policy(store, f"{GATE}\napprovals:\n  count: 1")
    assert found(store) == {}
    decided(store, {ALIAS: None})
    assert found(store) == {"ungated": ALIAS}


def test_past_the_gate_of_a_protected_registry(store: Store) -> None:
    for acc in (0.9, 0.7):
        scene.version(store, {"acc": acc})
    scene.policy(store, GATE)
    decided(store, scene.promoted(store, 1))
    modes.protect(store)
    assert found(store) == {}
    decided(store, scene.promoted(store, 2))
    assert found(store) == {"ungated": f"mlgit-registry:{ALIAS}"}
