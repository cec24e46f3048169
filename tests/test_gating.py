"""The gate with what a clone can look at: remotes, branches of the code, signatures."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlgit
from mlgit.artifacts.transfer.values import Wanted
from mlgit.gating import branch_with, gate
from mlgit.git.oid import Oid
from mlgit.git.tree import Edit, lookup
from mlgit.holdings.named import named_by
from mlgit.holdings.remotes import add_remote, open_trusted
from mlgit.holdings.upload import share
from mlgit.records import layout
from mlgit.registry import aliases, catalogue, versions
from mlgit.registry.sight import sight
from mlgit.registry.source import request_of
from mlgit.runs import capture
from mlgit.store.store import Store
from tests.registry.gate.scene import approved, commit, policy, promoted, reasons, version
from tests.registry.helpers import written
from tests.support.repos import git


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    capture.forget()
    Store.init(repo)
    with Store.open(repo) as opened:
        version(opened, {"auc": 0.90})
        version(opened, {"auc": 0.92})
        aliases.set_alias(opened, "churn", "production", 1)
        yield opened


def asked(store: Store, number: int = 2) -> dict[str, tuple[str, str]]:
    head = commit(store, promoted(store, number)).decode()
    return reasons(gate(store, "mlgit", head))


def test_the_branch_of_the_code_is_looked_for_at_home(store: Store) -> None:
    head = git(Path(store.home.work_tree or ""), "rev-parse", "HEAD", check=True).stdout.strip()
    assert branch_with(store.home, head, ("main",)) == "main"
    assert branch_with(store.home, head, ("release/*",)) == ""
    assert branch_with(store.home, "0" * 40, ("main",)) is None


@pytest.mark.parametrize("commit", ["x" * 40, "é" * 40, "", "HEAD", "a" * 39])
def test_what_is_no_commit_is_on_no_branch(store: Store, commit: str) -> None:
    assert branch_with(store.home, commit, ("main",)) is None


def test_a_branch_of_a_remote_counts_before_what_is_called_so_here(store: Store) -> None:
    place = Path(store.home.work_tree or "")
    first = git(place, "rev-parse", "HEAD", check=True).stdout.strip()
    git(place, "update-ref", "refs/remotes/origin/main", first, check=True)
    git(place, "commit", "-q", "--allow-empty", "-m", "mine", check=True)
    mine = git(place, "rev-parse", "HEAD", check=True).stdout.strip()
    assert branch_with(store.home, mine, ("main",)) == ""
    assert branch_with(store.home, first, ("main",)) == "main"


def test_small_artifacts_are_kept_in_git_itself(store: Store) -> None:
    policy(store, "artifacts: verified\ncopies: 3")
    assert asked(store)["artifacts"][0] == "pass"


def test_large_artifacts_must_be_on_the_remotes(store: Store, tmp_path: Path) -> None:
    with mlgit.start_run() as run:
        mlgit.log_text("w" * 200_000, "model.bin")
    request = request_of(sight(store), f"runs:/{run.info.run_id}")
    number = versions.register(store, "churn", request).number
    policy(store, "artifacts: verified")
    assert asked(store, number)["artifacts"][0] == "fail"
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    add_remote(store, "shelf", str(shelf))
    assert asked(store, number)["artifacts"] == ("fail", "on 0 of the 1 remotes asked for")
    named = list(named_by(store).values())
    share(store, [Wanted(one.sha256, one.size) for one in named], open_trusted(store))
    assert asked(store, number)["artifacts"][0] == "pass"
    (held,) = (one for one in shelf.rglob("*") if one.is_file() and one.stat().st_size == 200_000)
    held.chmod(0o600)
    held.write_bytes(b"x" * 200_000)
    head = commit(store, promoted(store, number)).decode()
    assert gate(store, "mlgit", head).passed
    assert reasons(gate(store, "mlgit", head, deep=True))["artifacts"][0] == "fail"


def signing(place: Path, home: Path, who: str) -> str:
    """Make git sign with a new key; its public half."""
    key = home / who
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(key)]
    subprocess.run(argv, check=True)
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingkey", f"{key}.pub"),
        ("commit.gpgsign", "true"),
    ):
        git(place, "config", "--global", name, value, check=True)
    return (home / f"{who}.pub").read_text().rpartition(" ")[0]


def test_only_the_signature_of_who_is_trusted_counts(store: Store, tmp_path: Path) -> None:
    policy(store, "approvals:\n  count: 1\n  from:\n    - bob")
    place = Path(store.home.work_tree or "")
    key = signing(place, tmp_path, "bob")
    written(store, "trust.yaml", f"signers:\n  - name: bob\n    key: {key}\n")
    head = commit(store, promoted(store, 2))
    uid = catalogue.version(store.snapshot(), "churn", 2).uid
    name = f"mlgit-promote/churn/production/v2-{uid[:8]}"
    git(place, "config", "--global", "commit.gpgsign", "false", check=True)
    store.close()
    with Store.open(place) as unsigned:
        approved(unsigned, name, head, "bob")
        assert reasons(gate(unsigned, "mlgit", head.decode()))["approvals"][0] == "fail"
    git(place, "config", "--global", "commit.gpgsign", "true", check=True)
    with Store.open(place) as signed:
        approved(signed, name, head, "bob", "reject")
        assert reasons(gate(signed, "mlgit", head.decode()))["approvals"] == (
            "fail",
            "bob said no",
        )
        approved(signed, name, head, "bob")
        verdict = gate(signed, "mlgit", head.decode())
        assert verdict.passed, reasons(verdict)


@pytest.mark.parametrize("form", ["merge", "squash"])
def test_a_queue_judges_each_on_what_it_lands_on(store: Store, form: str) -> None:
    asks = "approvals: {count: 1, from: [bea]}"
    gates = f"{{production: {{{asks}}}, canary: {{{asks}}}}}"
    written(store, "registry/policy.yaml", f"models: {{churn: {{aliases: {gates}}}}}\n")
    version(store, {"auc": 0.95})
    base = store.snapshot().commit
    first, second, other = (
        commit(store, promoted(store, number, alias), base)
        for number, alias in ((2, "production"), (3, "canary"), (3, "production"))
    )
    names = [
        proposed(store, head, number, alias)
        for head, number, alias in (
            (first, 2, "production"),
            (second, 3, "canary"),
            (other, 3, "production"),
        )
    ]
    for name, head in zip(names, (first, second, other), strict=True):
        approved(store, name, head, "bea")
    tip = store.snapshot().commit

    def queued(on: Oid, alias: str, head: Oid) -> Oid:
        edits: dict[str, Edit] = {layout.alias_path("churn", alias): blob(store, head, alias)}
        return commit(store, edits, *((on, head) if form == "merge" else (on,)))

    one = queued(tip, "production", first)
    both = queued(one, "canary", second)
    third = queued(both, "production", other)
    unseen = commit(store, promoted(store, 2, at=1), tip)
    store.close()
    with Store.open(Path(store.home.work_tree or "")) as opened:
        assert gate(opened, tip.decode(), one.decode()).passed
        verdict = gate(opened, one.decode(), both.decode())
        assert verdict.passed, reasons(verdict)
        late = gate(opened, both.decode(), third.decode())
        assert late.stale
        assert not late.passed
        assert reasons(gate(opened, tip.decode(), unseen.decode()))["approvals"][0] == "fail"


def proposed(store: Store, head: Oid, number: int, alias: str) -> str:
    """The branch of a proposal, as the remote has it."""
    uid = catalogue.version(store.snapshot(), "churn", number).uid
    name = f"mlgit-promote/churn/{alias}/v{number}-{uid[:8]}"
    place = Path(store.home.work_tree or "")
    git(place, "config", "remote.origin.url", "../hub.git", check=True)
    git(place, "update-ref", f"refs/remotes/origin/{name}", head.decode(), check=True)
    return name


def blob(store: Store, head: Oid, alias: str) -> bytes:
    objects = store.repository.objects
    entry = lookup(objects, objects.commit(head).tree, layout.alias_path("churn", alias))
    assert entry is not None
    return objects.blob(entry.oid)
