"""Promotions of a team: two clones, a bare remote, proposals between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit import promotion, reviewing
from mlgit.checking import problems
from mlgit.errors import InvalidState, NotFound
from mlgit.registry import modes, rules
from mlgit.registry.address import parse
from mlgit.registry.find import find
from mlgit.registry.proposals.making import Wish
from mlgit.registry.sight import sight
from mlgit.runs import capture
from mlgit.shared import sync
from mlgit.shared_registry import begin_anew, bring_registry, take_registry
from mlgit.sharing.forget import Wanted, forget
from mlgit.sharing.holders import holders
from mlgit.sharing.remotes import transport_of
from mlgit.store.store import Store
from tests.cli.harness import done
from tests.registry.gate.scene import version
from tests.sharing.conftest import clone, remote
from tests.support.repos import git

__all__ = ["clone", "remote"]

GATE = (
    b"models:\n  churn:\n    aliases:\n      production:\n        approvals:\n          count: 1\n"
)
REGISTRY_HOLDERS = ["refs/remotes/origin/mlgit-registry"]
TO_2 = Wish("churn", 2, "production", reason="better")


@pytest.fixture
def ada(clone: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    """A clone whose versions 1, 2 and 3 have landed; 1 is in production."""
    capture.forget()
    store = clone("ada")
    monkeypatch.chdir(tmp_path / "ada")
    for _ in range(3):
        version(store, {"auc": 0.9})
    assert promotion.land_at_once(store, Wish("churn", 1, "production")).passed
    shared(store)
    return store


def shared(store: Store) -> None:
    """As `mlgit sync` does."""
    way = transport_of(store)
    sync(store, way)
    take_registry(store, way.remote)
    bring_registry(store, way.remote)


def placed(store: Store) -> int:
    """The version in production, as everybody sees it."""
    return find(sight(store), parse("churn@production")).version.number


def states(store: Store) -> dict[str, str]:
    return {one.short.rpartition("/")[2][:2]: one.state for one in reviewing.reviews(store)}


def test_the_status_names_what_is_proposed_and_what_is_provisional(ada: Store) -> None:
    assert "proposal" not in done("status")
    promotion.propose(ada, TO_2)
    version(ada, {"auc": 0.9})
    said = done("status").splitlines()
    assert "1 model version whose number may change until it is pushed" in said
    assert "1 proposal of promotions: mlgit proposals" in said


def test_what_has_not_landed_is_not_proposed(ada: Store) -> None:
    number = version(ada, {"auc": 0.95})
    with pytest.raises(InvalidState, match="has not landed") as caught:
        promotion.propose(ada, Wish("churn", number, "production"))
    assert "mlgit push" in caught.value.hint
    with pytest.raises(NotFound):
        promotion.propose(ada, Wish("churn", 77, "production"))


def test_a_proposal_is_seen_approved_and_landed_by_others(
    ada: Store, clone: Callable[[str], Store]
) -> None:
    rules.put_policy(ada, GATE, "")
    shared(ada)
    made = promotion.propose(ada, TO_2)
    assert not made.verdict.passed
    bea = clone("bea")
    assert states(bea) == {"v2": "failing"}
    assert not promotion.land(bea, "churn/production").passed
    reviewing.say(bea, "churn/production", "approve", "fine")
    assert states(ada) == {"v2": "open"}
    assert promotion.land(bea, "churn/production").passed
    assert states(bea) == {}
    shared(ada)
    assert placed(ada) == 2
    assert states(ada) == {}


def test_a_word_is_void_after_a_later_push_and_a_no_counts(ada: Store) -> None:
    rules.put_policy(ada, GATE, "")
    shared(ada)
    promotion.propose(ada, TO_2)
    reviewing.say(ada, "churn/production", "approve")
    assert states(ada) == {"v2": "open"}
    promotion.propose(ada, TO_2._replace(reason="another"))
    assert states(ada) == {"v2": "failing"}
    reviewing.say(ada, "churn/production", "reject", "no")
    assert states(ada) == {"v2": "rejected"}
    assert not promotion.land(ada, "churn/production").passed


def test_of_two_proposals_for_one_alias_the_second_is_stale(ada: Store) -> None:
    promotion.propose(ada, TO_2)
    promotion.propose(ada, Wish("churn", 3, "production"))
    assert states(ada) == {"v2": "open", "v3": "open"}
    assert promotion.land(ada, "churn/production/v2").passed
    assert states(ada) == {"v3": "stale"}
    verdict = promotion.land(ada, "churn/production/v3")
    assert verdict.stale
    shared(ada)
    assert placed(ada) == 2
    promotion.propose(ada, Wish("churn", 3, "production"))
    assert promotion.land(ada, "churn/production").passed


@pytest.mark.parametrize("how", ["squash", "rebase", "merge"])
def test_what_a_forge_merges_has_landed(ada: Store, tmp_path: Path, how: str) -> None:
    proposal = promotion.propose(ada, TO_2).proposal
    place = tmp_path / "forge"
    git(tmp_path, "clone", "-q", "-b", "mlgit", str(tmp_path / "remote.git"), "forge", check=True)
    git(place, "commit", "-q", "--allow-empty", "-m", "another", check=True)
    theirs = f"origin/{proposal.name}"
    if how == "merge":
        git(place, "merge", "-q", "--no-ff", "--no-edit", theirs, check=True)
    elif how == "squash":
        git(place, "merge", "-q", "--squash", theirs, check=True)
        git(place, "commit", "-q", "-m", "squashed", check=True)
    else:
        git(place, "cherry-pick", theirs, check=True)
    git(place, "push", "-q", "origin", "mlgit", check=True)
    assert states(ada) == {"v2": "landed"}
    shared(ada)
    assert placed(ada) == 2
    assert promotion.land_at_once(
        ada, Wish("churn", 3, "production")
    ).passed  # and another after it
    shared(ada)
    assert states(ada) == {"v2": "landed"}
    assert promotion.land(ada, "churn/production").passed
    assert states(ada) == {}
    assert placed(ada) == 3


def test_landing_goes_on_from_where_others_have_brought_the_branch(
    ada: Store, clone: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    promotion.propose(ada, TO_2)
    bea = clone("bea")
    monkeypatch.chdir(tmp_path / "bea")
    version(bea, {"auc": 0.5})
    shared(bea)
    assert promotion.land(ada, "churn/production").passed
    shared(ada)
    shared(bea)
    assert placed(ada) == placed(bea) == 2
    assert len(list(bea.snapshot().run_folders())) == 4


def test_a_proposal_is_withdrawn_everywhere(ada: Store, clone: Callable[[str], Store]) -> None:
    promotion.propose(ada, TO_2)
    bea = clone("bea")
    promotion.withdraw(bea, "churn/production")
    assert states(ada) == states(bea) == {}
    with pytest.raises(NotFound):
        promotion.land(ada, "churn/production")


def test_going_back_and_a_stage_are_promotions_too(ada: Store) -> None:
    assert promotion.land_at_once(ada, TO_2).passed
    verdict = promotion.land_at_once(ada, Wish("churn", 1, "production"))
    assert "rollback" in {one.rule for one in verdict.results}
    assert placed(ada) == 1
    promotion.propose(ada, Wish("churn", 2, "Staging", stage=True))
    assert promotion.land(ada, "churn/stage.staging").passed
    shared(ada)
    assert find(sight(ada), parse("models:/churn/Staging")).version.number == 2


def test_all_of_it_on_a_branch_of_its_own(ada: Store, clone: Callable[[str], Store]) -> None:
    modes.protect(ada)
    rules.put_policy(ada, GATE, "")
    shared(ada)
    with pytest.raises(InvalidState, match="protected"):
        promotion.land_at_once(ada, TO_2)
    promotion.propose(ada, TO_2)
    bea = clone("bea")
    reviewing.say(bea, "churn/production", "approve")
    assert promotion.land(bea, "churn/production").passed
    assert placed(bea) == 2
    shared(ada)
    assert placed(ada) == 2
    assert ada.snapshot().read("registry/models/churn/aliases/production.yaml") is None


def test_the_guarded_branch_forgets_what_it_was_cut_from(
    ada: Store, clone: Callable[[str], Store]
) -> None:
    modes.protect(ada)
    shared(ada)
    bea = clone("bea")
    forget(ada, Wanted(reason="a password"))
    shared(ada)
    assert [one for one in holders(ada) if "registry" in one] == REGISTRY_HOLDERS
    assert begin_anew(ada)
    assert [one for one in holders(ada) if "registry" in one] == []
    assert placed(ada) == 1
    assert problems(ada, deep=True) == []
    shared(bea)
    assert placed(bea) == 1
    promotion.propose(bea, TO_2)
    assert promotion.land(bea, "churn/production").passed
    shared(ada)
    assert placed(ada) == 2
    modes.reopen(ada)
    assert problems(ada, deep=True) == []


def test_only_a_branch_of_its_own_begins_anew(ada: Store) -> None:
    assert not begin_anew(ada)
