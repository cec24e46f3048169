"""Promotions pushed to a guarded server: proposed, approved by whom it knows, landed or refused."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlgit.git.oid import Oid
from mlgit.git.tree import Edit
from mlgit.records import layout
from mlgit.records.approval import Approval, dump_approval
from mlgit.store.store import Store
from tests.cli.harness import mlgit
from tests.registry.gate import scene
from tests.registry.helpers import written
from tests.support.judging import Pushed, clone, make_server, place, push
from tests.support.repos import git

GATE = "require:\n  - metric: acc\n    fail_below: 0.8\napprovals:\n  count: 1\n  from: [bea]"
needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")


def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A clone of a guarded server: two versions, the first in production, and a gate."""
    store = clone(str(make_server(tmp_path)), tmp_path / "ann")
    monkeypatch.chdir(place(store))
    for acc in (0.8, 0.9):
        scene.version(store, {"acc": acc})
    land(store, scene.promoted(store, 1))
    scene.policy(store, GATE)
    assert_lands(push(store))
    return store


@pytest.fixture
def ann(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """See `gated`."""
    return gated(tmp_path, monkeypatch)


def assert_lands(answer: Pushed) -> None:
    assert answer.code == 0, answer.said


def assert_refused(answer: Pushed, *reasons: str) -> None:
    said = " ".join(line.removeprefix("remote: ").strip() for line in answer.said.splitlines())
    assert answer.code == 1, said
    for reason in reasons:
        assert reason in said


def land(store: Store, edits: Mapping[str, Edit], *parents: Oid) -> Oid:
    """Put a commit on the local data branch."""
    made = scene.commit(store, dict(edits), *parents)
    git(place(store), "update-ref", "refs/heads/mlgit", made.decode(), check=True)
    return made


def undo(store: Store) -> None:
    git(place(store), "branch", "-qf", "mlgit", "origin/mlgit", check=True)


def proposed(store: Store, number: int) -> tuple[str, Oid, dict[str, Edit]]:
    """The branch of a proposal, pushed, its commit and its edits."""
    edits = scene.promoted(store, number)
    head = scene.commit(store, edits)
    uid = store.snapshot().read(layout.version_path("churn", number)) or b""
    short = uid.partition(b"uid: ")[2].strip(b'"\n ')[:8].decode()
    branch = f"mlgit-promote/churn/production/v{number}-{short}"
    assert_lands(push(store, f"+{head.decode()}:refs/heads/{branch}"))
    return branch, head, edits


def approve(store: Store, branch: str, head: Oid, by: str = "bea") -> None:
    scene.approved(store, branch, head, by)


def test_an_alias_behind_a_gate_moves_by_an_approved_proposal_alone(ann: Store) -> None:
    land(ann, scene.promoted(ann, 2))
    assert_refused(push(ann), "the gate of churn@production v1 -> v2: approvals: 0 of 1", "propose")
    undo(ann)
    branch, head, edits = proposed(ann, 2)
    approve(ann, branch, head)
    assert_refused(push(ann), "is the word of 'bea'; it was pushed by 'nobody that the server")
    assert_refused(push(ann, MLGIT_USER="eve"), "is the word of 'bea'; it was pushed by 'eve'")
    assert_lands(push(ann, MLGIT_USER="bea"))
    land(ann, edits, ann.snapshot().commit, head)
    assert_lands(push(ann))
    assert_lands(push(ann, f":{branch}"))


def test_also_as_one_commit_with_other_runs_before_and_after(ann: Store) -> None:
    branch, head, edits = proposed(ann, 2)
    approve(ann, branch, head)
    assert_lands(push(ann, GL_USER="bea"))
    scene.version(ann, {"acc": 0.99})
    land(ann, edits)
    scene.version(ann, {"acc": 0.7})
    assert_lands(push(ann))


def test_what_the_policy_asks_is_asked_of_what_lands(ann: Store) -> None:
    scene.version(ann, {"acc": 0.7})
    assert_lands(push(ann))
    branch, head, edits = proposed(ann, 3)
    approve(ann, branch, head)
    assert_lands(push(ann, REMOTE_USER="bea"))
    land(ann, edits, ann.snapshot().commit, head)
    assert_refused(push(ann), "metric acc")


def test_an_approval_is_of_one_tree(ann: Store) -> None:
    branch, head, _ = proposed(ann, 2)
    word = Approval(branch, "0" * 40, "approve", 1_795_421_691_123, "bea")
    path = layout.approval_path(layout.folder_name(branch), "bea")
    written(ann, path, dump_approval(word).decode())
    assert_refused(push(ann, MLGIT_USER="bea"), "at another tree")
    undo(ann)
    approve(ann, "mlgit-promote/churn/production/v9-00000000", head)
    assert_refused(push(ann, MLGIT_USER="bea"), "there is no proposal")
    undo(ann)
    written(ann, path.replace("bea", "eve"), dump_approval(word).decode())
    assert_refused(push(ann, MLGIT_USER="bea"), "belongs to")


def test_another_persons_approval_stays(ann: Store) -> None:
    branch, head, _ = proposed(ann, 2)
    approve(ann, branch, head)
    assert_lands(push(ann, MLGIT_USER="bea"))
    land(ann, {layout.approval_path(layout.folder_name(branch), "bea"): None})
    assert_refused(push(ann, MLGIT_USER="eve"), "is the word of 'bea'")
    assert_lands(push(ann, MLGIT_USER="bea"))


def test_the_rules_do_not_change_with_what_they_would_let_pass(ann: Store) -> None:
    lax = b"models: {}\n"
    land(ann, {**scene.promoted(ann, 2), "registry/policy.yaml": lax})
    assert_refused(push(ann), "beside registry/policy.yaml it changes", "approvals")
    undo(ann)
    written(ann, "registry/policy.yaml", lax.decode())
    assert_refused(push(ann), "approvals: 0 of 1")
    land(ann, scene.promoted(ann, 2))
    assert_refused(push(ann), "approvals: 0 of 1")  # the policy of what is there counts
    undo(ann)
    land(ann, {"registry/policy.yaml": None})
    assert_refused(push(ann), "approvals: 0 of 1")


def test_no_way_around_by_names(ann: Store) -> None:
    path = layout.model_path("churn")
    written(ann, path, (ann.snapshot().read(path) or b"").decode().replace("churn", "other"))
    assert_refused(push(ann), "'churn' has gates in registry/policy.yaml")
    undo(ann)
    [(_, data)] = scene.promoted(ann, 2).items()
    written(ann, "registry/models/churn/aliases/best.yaml", bytes(data).decode())  # type: ignore[arg-type]
    assert_refused(push(ann), "not the file of the alias 'production'")
    undo(ann)
    land(ann, {scene.PATH: None})
    assert_refused(push(ann), "approvals: 0 of 1")
    undo(ann)
    written(ann, "registry/models/churn/aliases/x.txt", "x")
    assert_refused(push(ann), "no such file belongs into the registry")


def test_versions_stay_what_they_are(ann: Store) -> None:
    path = layout.version_path("churn", 1)
    before = (ann.snapshot().read(path) or b"").decode()
    land(ann, {path: None})
    assert_refused(push(ann), "numbers are never used again")
    undo(ann)
    uid = before.partition("uid: ")[2].partition("\n")[0]
    written(ann, path, before.replace(uid, '"0123456789abcdef"'))
    assert_refused(push(ann), "a landed version never changes")
    undo(ann)
    land(ann, {layout.model_path("churn"): None})
    assert_refused(push(ann), "models are deleted by a mark")


def test_a_proposal_is_one_file_under_its_own_name(ann: Store) -> None:
    edits = scene.promoted(ann, 2)
    head = scene.commit(ann, edits).decode()
    assert_refused(push(ann, f"{head}:refs/heads/mlgit-promote/churn/staging/v2-0"), "is called")
    more = scene.commit(ann, {**edits, "registry/policy.yaml": b"models: {}\n"}).decode()
    assert_refused(push(ann, f"{more}:refs/heads/mlgit-promote/x"), "it changes 2 files")
    assert_refused(push(ann, "main:refs/heads/mlgit-promote/x"), "does not come from")
    broken = scene.commit(ann, {scene.PATH: b"alias: [\n"}).decode()
    assert_refused(push(ann, f"{broken}:refs/heads/mlgit-promote/x"), "aliases/production.yaml:")
    workflow = scene.commit(ann, {".github/workflows/x.yml": b"on: push\n"}).decode()
    assert_refused(push(ann, f"{workflow}:refs/heads/mlgit-promote/x"), "nothing that a proposal")


@needs_ssh
def test_a_signature_stands_for_a_user(ann: Store, tmp_path: Path) -> None:
    keys = {}
    for who in ("bea", "eve"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(tmp_path / who)]
        subprocess.run(argv, check=True)
        keys[who] = (tmp_path / f"{who}.pub").read_text().strip()
    signers = f'signers:\n  - name: bea\n    key: "{keys["bea"]}"\n'
    written(ann, "trust.yaml", signers)
    assert_refused(push(ann), "approvals")  # who may sign is a rule as well
    undo(ann)
    approve_rules(ann, signers)
    branch, head, edits = proposed(ann, 2)
    for who in ("eve", "bea"):
        config = tmp_path / "home/.gitconfig"
        text = "[commit]\n\tgpgSign = yes\n[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = "
        config.write_text(f"{text}{tmp_path / who}\n")
        undo(ann)
        with Store.open(place(ann)) as fresh:
            approve(fresh, branch, head)
        config.unlink()
        answer = push(ann)
        if who == "eve":
            assert_refused(answer, "is the word of 'bea'")
    assert_lands(answer)
    land(ann, edits, ann.snapshot().commit, head)
    assert_lands(push(ann))


def approve_rules(store: Store, text: str, path: str = "trust.yaml") -> None:
    """A change of the rules, proposed, approved and landed."""
    edits: dict[str, Edit] = {path: text.encode()}
    head = scene.commit(store, edits)
    assert_lands(push(store, f"{head.decode()}:refs/heads/mlgit-promote/registry.policy"))
    approve(store, "mlgit-promote/registry.policy", head)
    assert_lands(push(store, MLGIT_USER="bea"))
    land(store, edits, store.snapshot().commit, head)
    assert_lands(push(store))


def test_mlgit_push_says_what_the_server_says(ann: Store) -> None:
    land(ann, scene.promoted(ann, 2))
    refused = mlgit("push")
    assert refused.code == 5
    assert "the gate of churn@production v1 -> v2: approvals: 0 of 1" in refused.stderr
    assert "inbox" not in refused.stderr
