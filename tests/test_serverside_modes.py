"""A guarded server whose registry has a branch of its own; stages, epochs, two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.registry import catalogue, stages
from mlgit.sharing.forget import Wanted, forget
from mlgit.store.store import Store
from tests.cli.harness import done, mlgit
from tests.registry.gate import scene
from tests.registry.helpers import written
from tests.support.judging import clone, place, push
from tests.support.repos import git
from tests.test_serverside_gate import (
    GATE,
    approve,
    approve_rules,
    assert_lands,
    assert_refused,
    gated,
    land,
    proposed,
    undo,
)


@pytest.fixture
def ann(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """See `gated`."""
    return gated(tmp_path, monkeypatch)


def test_a_guarded_branch_of_its_own_takes_the_rules_along(ann: Store) -> None:
    lax = scene.commit(ann, {"registry/policy.yaml": b"models: {}\n"}).decode()
    assert_refused(push(ann, f"{lax}:refs/heads/mlgit-registry"), "is not what it is on the branch")
    assert_lands(push(ann, "mlgit:refs/heads/mlgit-registry"))
    written(ann, "registry/policy.yaml", "models: {}\n")
    assert_refused(push(ann), "belongs to the branch mlgit-registry")
    undo(ann)
    land(ann, {scene.PATH: None, "registry/policy.yaml": None})
    assert_lands(push(ann))
    git(place(ann), "fetch", "-q", "origin", check=True)
    tip = git(place(ann), "rev-parse", "origin/mlgit-registry").stdout.strip().encode()
    there = git(place(ann), "show", f"origin/mlgit-registry:{scene.PATH}").stdout
    moved = there.replace("version: 1", "version: 2").encode()
    head = scene.commit(ann, {scene.PATH: moved}, tip).decode()
    assert_refused(push(ann, f"{head}:refs/heads/mlgit-registry"), "no version 2 with the uid")
    gone = scene.commit(ann, {scene.PATH: None}, tip).decode()
    assert_refused(push(ann, f"{gone}:refs/heads/mlgit-registry"), "approvals: 0 of 1")
    assert_refused(push(ann, ":refs/heads/mlgit-registry"), "would be deleted")


def test_to_a_branch_of_its_own_and_back(
    ann: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch, head, edits = proposed(ann, 2)
    approve(ann, branch, head)
    assert_lands(push(ann, MLGIT_USER="bea"))
    land(ann, edits, ann.snapshot().commit, head)
    assert_lands(push(ann))
    assert_lands(push(ann, f":{branch}"))
    done("init", "--protected-registry")
    assert_lands(push(ann, "mlgit-registry"))
    done("push")
    hub = tmp_path / "served/hub.git"
    assert git(hub, "cat-file", "-e", f"mlgit:{scene.PATH}").returncode
    assert "version: 2" in git(hub, "show", f"mlgit-registry:{scene.PATH}").stdout
    done("promote", "churn@1", "--to", "production", "--propose")
    assert "0 of 1 approvals" in mlgit("land", "churn/production").stdout
    for key in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL", "MLGIT_USER"):
        monkeypatch.setenv(key, "bea")
    done("approve", "churn/production")
    monkeypatch.delenv("MLGIT_USER")
    assert mlgit("land", "churn/production").code == 0
    assert "version: 1" in git(hub, "show", f"mlgit-registry:{scene.PATH}").stdout
    done("init", "--open-registry")
    done("push")
    assert "version: 1" in git(hub, "show", f"mlgit:{scene.PATH}").stdout
    assert_lands(push(ann, ":mlgit-registry"))
    land(ann, scene.promoted(ann, 2))
    assert_refused(push(ann), "the gate of churn@production v1 -> v2")


def test_two_people_and_a_bare_server(
    ann: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.policy(ann, GATE.replace("[bea]", "[bea@example.org]"))
    rules = ann.snapshot().commit
    undo(ann)
    policy = git(place(ann), "show", f"{rules.decode()}:registry/policy.yaml").stdout
    approve_rules(ann, policy, "registry/policy.yaml")
    done("promote", "churn@2", "--to", "production", "--propose")
    assert mlgit("land", "churn/production").code == 1
    bea = clone(str(tmp_path / "served/hub.git"), tmp_path / "bea")
    monkeypatch.chdir(place(bea))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "bea@example.org")
    refused = mlgit("approve", "churn/production")
    assert "is the word of 'bea@example.org'" in refused.stderr
    monkeypatch.setenv("MLGIT_USER", "bea@example.org")
    done("approve", "churn/production")
    monkeypatch.delenv("MLGIT_USER")
    monkeypatch.chdir(place(ann))
    assert mlgit("land", "churn/production").code == 0
    hub = tmp_path / "served/hub.git"
    assert "version: 2" in git(hub, "show", f"mlgit:{scene.PATH}").stdout
    assert "mlgit-promote/churn" not in git(hub, "branch").stdout


def test_a_new_epoch_moves_no_alias(ann: Store, tmp_path: Path) -> None:
    hub = tmp_path / "served/hub.git"
    git(hub, "config", "mlgit.allowForget", "true", check=True)
    before = ann.snapshot().commit
    land(ann, scene.promoted(ann, 2))
    forget(ann, Wanted(reason="short history"))
    assert_refused(push(ann, "+mlgit"), "the gate of churn@production v1 -> v2")
    git(place(ann), "update-ref", "refs/heads/mlgit", before.decode(), check=True)
    forget(ann, Wanted(reason="short history"))
    assert_lands(push(ann, "+mlgit"))


def test_the_history_of_the_guarded_branch_goes_only_where_that_is_allowed(
    ann: Store, tmp_path: Path
) -> None:
    done("init", "--protected-registry")
    assert_lands(push(ann, "mlgit-registry"))
    done("push")
    done("forget", "--history", "--yes")
    refused = mlgit("forget", "--registry", "--yes")
    assert "only grows" in refused.stderr
    hub = tmp_path / "served/hub.git"
    git(hub, "config", "mlgit.allowForget", "true", check=True)
    done("sync")
    before = git(hub, "rev-parse", "mlgit-registry^{tree}").stdout
    done("forget", "--registry", "--yes")
    assert git(hub, "rev-list", "--count", "mlgit-registry").stdout.strip() == "2"
    assert git(hub, "rev-parse", "mlgit-registry^{tree}").stdout == before
    tip = git(place(ann), "rev-parse", "origin/mlgit-registry^").stdout.strip().encode()
    other = scene.commit(ann, {"registry/policy.yaml": b"models: {}\n"}, tip).decode()
    assert_refused(push(ann, f"+{other}:refs/heads/mlgit-registry"), "only grows")


def test_a_stage_is_no_second_door(ann: Store) -> None:
    stages.transition(ann, "churn", 1, "Production")
    assert_lands(push(ann))
    before = ann.snapshot().read("registry/policy.yaml") or b""
    stage = before.partition(b"aliases:")[2].replace(b"production", b"Production")
    approve_rules(ann, (before + b"    stages:" + stage).decode(), "registry/policy.yaml")
    written(ann, "registry/models/churn/stages/2.yaml", STAGE.format(_uid(ann, 2), "Production"))
    assert_refused(push(ann), "the gate of churn@Production", "approvals: 0 of 1")
    undo(ann)
    written(ann, "registry/models/churn/stages/2.yaml", STAGE.format(_uid(ann, 2), "Staging"))
    assert_lands(push(ann))
    written(ann, "registry/models/churn/stages/1.yaml", STAGE.format(_uid(ann, 1), "Archived"))
    assert_refused(push(ann), "approvals: 0 of 1")
    undo(ann)
    land(ann, {"registry/models/churn/stages/1.yaml": None})
    assert_refused(push(ann), "approvals: 0 of 1")


STAGE = 'uid: "{}"\nstage: {}\nat: "2026-11-23T08:14:51.123Z"\nby: eve\n'


def _uid(store: Store, number: int) -> str:
    return catalogue.version(store.snapshot(), "churn", number).uid
