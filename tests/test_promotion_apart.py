"""Promotions where the remote is away, others are faster, and words are signed in other clones."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlgit import promotion, reviewing
from mlgit.errors import InvalidState, RemoteFailed
from mlgit.registry import rules
from mlgit.store.store import Store
from tests.registry.gate.scene import approved, reasons
from tests.registry.helpers import written
from tests.sharing.conftest import clone, remote
from tests.support.repos import git
from tests.test_promotion import TO_2, ada, placed, shared, states
from tests.test_serverside_gate import needs_ssh

__all__ = ["ada", "clone", "remote"]

_TWICE = """\
#!/bin/sh
test -e moved && exit 0
touch moved
unset GIT_QUARANTINE_PATH
git update-ref refs/heads/mlgit refs/heads/faster
"""


def test_without_the_remote_nothing_is_decided_and_nothing_lost(ada: Store, tmp_path: Path) -> None:
    promotion.propose(ada, TO_2)
    hub, away = tmp_path / "remote.git", tmp_path / "away.git"
    hub.rename(away)
    before = git(tmp_path / "ada", "for-each-ref").stdout
    for act in (
        lambda: promotion.propose(ada, TO_2._replace(number=3)),
        lambda: promotion.land(ada, "churn/production"),
        lambda: promotion.withdraw(ada, "churn/production"),
        lambda: reviewing.say(ada, "churn/production", "approve"),
        lambda: reviewing.reviews(ada),
    ):
        with pytest.raises(RemoteFailed) as caught:
            act()
        assert "nothing is lost" in caught.value.hint
    assert [one.state for one in reviewing.reviews(ada, fetch=False)] == ["open"]
    found, text = reviewing.review(ada, "churn/production", fetch=False)
    assert found.verdict.passed
    assert "v1" in text
    assert git(tmp_path / "ada", "for-each-ref").stdout == before
    away.rename(hub)
    assert promotion.land(ada, "churn/production").passed
    assert placed(ada) == 1  # until the next pull
    shared(ada)
    assert placed(ada) == 2


@pytest.mark.parametrize("theirs", ["a run", "the same alias"])
def test_others_push_in_the_very_moment_of_landing(
    ada: Store, clone: Callable[[str], Store], tmp_path: Path, theirs: str
) -> None:
    promotion.propose(ada, TO_2)
    bea, hub = clone("bea"), tmp_path / "remote.git"
    if theirs == "a run":
        written(bea, "README.md", "runs\n")
    else:
        assert promotion.land_at_once(bea, TO_2._replace(number=3)).passed
    git(tmp_path / "bea", "push", "-q", "origin", "mlgit:refs/heads/faster", check=True)
    (hub / "hooks").mkdir(exist_ok=True)
    (hub / "hooks" / "pre-receive").write_text(_TWICE)
    (hub / "hooks" / "pre-receive").chmod(0o755)
    verdict = promotion.land(ada, "churn/production")
    assert (hub / "moved").exists()
    shared(ada)
    if theirs == "a run":
        assert verdict.passed
        assert placed(ada) == 2
        assert ada.snapshot().read("README.md") == b"runs\n"
    else:
        assert verdict.stale
        assert placed(ada) == 3
        assert states(ada) == {"v2": "stale"}


def key_of(who: str, tmp_path: Path) -> str:
    """A new ssh key of a person; its public half."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who]
    subprocess.run([*argv, "-f", str(tmp_path / f"key-{who}")], check=True)
    return (tmp_path / f"key-{who}.pub").read_text().strip()


@contextmanager
def clone_of(who: str, tmp_path: Path) -> Iterator[Store]:
    """Somebody's clone, where git signs with their key."""
    for name, value in (
        ("user.name", who),
        ("user.email", f"{who}@example.org"),
        ("gpg.format", "ssh"),
        ("user.signingkey", f"{tmp_path}/key-{who}.pub"),
        ("commit.gpgsign", "true"),
    ):
        git(tmp_path / who, "config", "--global", name, value, check=True)
    with Store.open(tmp_path / who) as store:
        shared(store)
        yield store


@needs_ssh
def test_words_are_signed_in_one_clone_and_counted_in_another(
    ada: Store, clone: Callable[[str], Store], tmp_path: Path
) -> None:
    for who in ("bea", "eve"):
        clone(who).close()
    keys = {who: key_of(who, tmp_path) for who in ("ada", "bea", "eve")}
    people = "".join(f'  - name: {who}\n    key: "{keys[who]}"\n' for who in ("ada", "bea"))
    written(ada, "trust.yaml", f"signers:\n{people}")
    gate = "{count: 1, from: [bea, ada], not_author: true}"
    aliases = f"models: {{churn: {{aliases: {{production: {{approvals: {gate}}}}}}}}}\n"
    rules.put_policy(ada, aliases.encode(), "")
    shared(ada)
    ada.close()

    with clone_of("ada", tmp_path) as store:
        promotion.propose(store, TO_2)
        reviewing.say(store, "churn/production", "approve")
        verdict = promotion.land(store, "churn/production")
        assert reasons(verdict)["approvals"][0] == "fail"  # one's own word
    no_key = pytest.raises(InvalidState, match="no key of yours")
    with clone_of("eve", tmp_path) as store, no_key:
        reviewing.say(store, "churn/production", "approve")
    with clone_of("bea", tmp_path) as store:
        reviewing.say(store, "churn/production", "approve")
    with clone_of("ada", tmp_path) as store:
        verdict = promotion.land(store, "churn/production")
        assert verdict.passed, reasons(verdict)


@needs_ssh
def test_a_word_that_another_wrote_does_not_count(
    ada: Store, clone: Callable[[str], Store], tmp_path: Path
) -> None:
    for who in ("bea", "eve"):
        clone(who).close()
    keys = {who: key_of(who, tmp_path) for who in ("ada", "bea", "eve")}
    written(ada, "trust.yaml", f'signers:\n  - name: bea\n    key: "{keys["bea"]}"\n')
    aliases = "models: {churn: {aliases: {production: {approvals: {count: 1, from: [bea]}}}}}\n"
    rules.put_policy(ada, aliases.encode(), "")
    shared(ada)
    proposal = promotion.propose(ada, TO_2).proposal
    with clone_of("eve", tmp_path) as eve:
        reviewing.reviews(eve)
        approved(eve, proposal.name, proposal.commit, "bea")
        shared(eve)
    with clone_of("ada", tmp_path) as again:
        verdict = promotion.land(again, "churn/production")
        assert reasons(verdict)["approvals"] == ("fail", "0 of 1 approvals of bea")
