"""The shell of the checks, run for real against a bare repository: hostile proposals only fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlgit
from mlgit.ci import Wanted, files, place
from mlgit.records import layout
from mlgit.registry import aliases
from mlgit.runs import capture
from mlgit.store.store import Store
from tests.cli.harness import done
from tests.registry.gate.scene import PATH, commit, policy, promoted, version
from tests.registry.helpers import registered, written
from tests.support.repos import git
from tests.templates.runner import Forge, Job

FILES = files(Wanted("github", "mlgit", "mlgit", "0.1.0")) | files(
    Wanted("gitea", "mlgit", "mlgit", "0.1.0")
)
EVIL = "$(touch pwned)`touch pwned`;touch pwned;${{ github.token }}"


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    capture.forget()
    with Store.init(repo).store as opened:
        version(opened, {"acc": 0.9})
        version(opened, {"acc": 0.5})
        policy(opened, "require:\n  - {metric: acc, vs: absolute, fail_below: 0.8}")
        yield opened


@pytest.fixture
def forge(store: Store, repo: Path, tmp_path: Path) -> Forge:
    assert store.repository.common_dir.is_relative_to(repo)
    return Forge(repo, tmp_path)


BY = ["github", "gitea", "gitlab"]


@pytest.mark.parametrize("by", BY)
def test_a_good_proposal_passes_and_a_bad_one_fails(store: Store, forge: Forge, by: str) -> None:
    good = forge.propose(store, commit(store, promoted(store, 1)))
    job = forge.gate(by, good)
    assert job.code == 0, job
    assert "acc" in job.printed + job.summary
    assert forge.untouched()


@pytest.mark.parametrize("by", BY)
def test_a_bad_proposal_fails(store: Store, forge: Forge, by: str) -> None:
    job = forge.gate(by, forge.propose(store, commit(store, promoted(store, 2))))
    assert job.code == 1, job
    assert "0.5" in job.printed + job.summary


@pytest.mark.parametrize("by", BY)
def test_a_proposal_that_edits_what_judges_it_fails(store: Store, forge: Forge, by: str) -> None:
    edits = promoted(store, 2)
    edits |= {path: b"name: mlgit\n" for path in FILES if path.startswith(f".{by}")}
    edits |= {".gitlab-ci.yml": b"x: {script: [touch pwned]}\n", ".gitlab/mlgit-ci.yml": b"{}\n"}
    edits |= {layout.POLICY: b"models: {}\n", layout.SETTINGS: b"format: 1\n", "hooks/update": b"x"}
    job = forge.gate(by, forge.propose(store, commit(store, edits)))
    assert job.code == 1, job
    assert "policy.yaml" in job.printed + job.summary
    assert forge.untouched()


@pytest.mark.parametrize("by", BY)
def test_hostile_words_and_names_are_only_read(store: Store, forge: Forge, by: str) -> None:
    registered(store, EVIL)
    edits = promoted(store, 1, reason=f"{EVIL}\n```\n::add-path::/tmp\n")
    edits[f"registry/models/churn/{EVIL}"] = b"x"
    head = forge.propose(store, commit(store, edits))
    git(forge.hub, "update-ref", f"refs/heads/{EVIL.replace(' ', '')}", head, check=True)
    job = forge.gate(by, head)
    assert job.code == 1, job
    assert forge.untouched()
    assert "\n::add-path" not in job.printed + job.summary


@pytest.mark.parametrize("by", BY)
def test_a_proposal_that_moved_on_is_judged_by_its_newest_check(
    store: Store, forge: Forge, by: str
) -> None:
    good = forge.propose(store, commit(store, promoted(store, 1)))
    assert forge.propose(store, commit(store, promoted(store, 2)), 2) != good
    assert forge.gate(by, good, 2).code == 2


def test_a_merge_group_is_judged_on_what_it_will_land_on(store: Store, forge: Forge) -> None:
    queued = commit(store, {"registry/models/churn/notes.md": b"landed before\n"})
    head = commit(store, promoted(store, 1), queued)
    forge.propose(store, head)
    group = "refs/heads/gh-readonly-queue/mlgit/pr-1-0"
    git(forge.hub, "update-ref", group, head.decode(), check=True)
    said = {"HEAD_REF": group, "HEAD_SHA": head.decode(), "BASE_SHA": queued.decode()}
    job = forge.workflow("github", "gate", said)
    assert job.code == 0, job


@pytest.mark.parametrize("by", BY)
def test_what_landed_becomes_events_and_names_stay_data(
    store: Store, forge: Forge, by: str
) -> None:
    before = store.snapshot().commit.decode()
    registered(store, EVIL)
    aliases.set_alias(store, EVIL, "production", 1)
    after = forge.propose(store, store.snapshot().commit)
    job = landed(forge, by, before, after)
    assert job.code == 0, job
    assert f'would serve ["{EVIL}", 1, "sha256:' in job.printed
    assert '"event": "alias-set"' in job.printed + job.summary
    assert not list(forge.place.rglob("pwned"))


def landed(forge: Forge, by: str, before: str, after: str) -> Job:
    if by == "gitlab":
        said = {"CI_COMMIT_BEFORE_SHA": before, "CI_COMMIT_SHA": after}
        return forge.gitlab("mlgit deploy", said)
    return forge.workflow(by, "landed", {"BEFORE": before, "AFTER": after})


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("past", ["the gate", "the format", "history"])
def test_what_came_past_the_gate_is_not_deployed(
    store: Store, forge: Forge, by: str, past: str
) -> None:
    before = store.snapshot().commit.decode()
    if past == "the format":
        written(store, PATH, "alias: production\nversion: 1\n")
    head = store.snapshot().commit
    if past == "the gate":
        head = commit(store, promoted(store, 2))
    if past == "history":
        (earlier,) = store.repository.objects.commit(head).parents
        head = commit(store, {"a.txt": b"x"}, earlier)
    git(forge.repo, "update-ref", "refs/heads/mlgit", head.decode(), check=True)
    job = landed(forge, by, before, forge.propose(store, head))
    assert job.code, job
    assert "would serve" not in job.printed


@pytest.mark.parametrize("by", BY)
def test_a_good_promotion_is_deployed(store: Store, forge: Forge, by: str) -> None:
    before = store.snapshot().commit.decode()
    head = commit(store, promoted(store, 1))
    git(forge.repo, "update-ref", "refs/heads/mlgit", head.decode(), check=True)
    job = landed(forge, by, before, forge.propose(store, head))
    assert job.code == 0, job
    assert 'would serve ["churn", 1, "sha256:' in job.printed


@pytest.mark.parametrize("by", BY)
def test_runs_of_a_code_request_are_compared_with_those_of_its_base(
    forge: Forge, repo: Path, by: str
) -> None:
    base = git(repo, "rev-parse", "main", check=True).stdout.strip()
    git(repo, "commit", "-q", "--allow-empty", "-m", EVIL, check=True)
    capture.forget()  # which commit this is
    with mlgit.start_run(run_name="a|b `id`"):
        mlgit.log_metric("acc", 0.97)
    head = git(repo, "rev-parse", "main", check=True).stdout.strip()
    to = [
        f"{head}:refs/pull/1/head",
        f"{head}:refs/merge-requests/1/head",
        f"{base}:refs/heads/main",
    ]
    git(repo, "push", "-q", str(forge.hub), "mlgit", *to, check=True)
    said: dict[str, Any] = {"HEAD_REF": "refs/pull/1/head", "BASE_SHA": base}
    if by == "gitlab":
        said = {"CI_MERGE_REQUEST_IID": "1", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
        job = forge.gitlab("mlgit report", {**said, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"})
    else:
        job = forge.workflow(by, "report", {**said, "BASE_REF": "refs/heads/main"})
    assert job.code == 0, job
    table = job.summary or job.printed
    assert "metrics.acc" in table
    assert "0.97" in table
    assert not list(forge.place.rglob("pwned"))


def test_the_checks_come_with_the_branch_and_judge_it(store: Store, forge: Forge) -> None:
    place(store, Wanted("github", "mlgit", "mlgit", "0.1.0", ("@team/leads",)))
    good = forge.propose(store, commit(store, promoted(store, 1)))
    assert forge.gate("github", good).code == 0


@pytest.mark.parametrize("by", BY)
def test_the_readme_is_written_and_pushed(store: Store, forge: Forge, by: str) -> None:
    forge.propose(store, store.snapshot().commit)
    job = forge.gitlab("mlgit readme", {}) if by == "gitlab" else forge.workflow(by, "readme", {})
    assert job.code == 0, job
    page = git(forge.hub, "show", "mlgit:README.md", check=True).stdout
    assert "churn" in page
    tip = git(forge.hub, "rev-parse", "mlgit", check=True).stdout
    (forge.place / "store.git").rename(forge.place / "before.git")
    job = forge.gitlab("mlgit readme", {}) if by == "gitlab" else forge.workflow(by, "readme", {})
    assert job.code == 0, job
    assert git(forge.hub, "rev-parse", "mlgit", check=True).stdout == tip


@pytest.mark.parametrize("acc", ["0.9", "0.5"])
def test_a_registry_with_a_branch_of_its_own(repo: Path, tmp_path: Path, acc: str) -> None:
    forge = Forge(repo, tmp_path)
    git(repo, "remote", "add", "origin", str(forge.hub), check=True)
    gates = tmp_path / "policy.yaml"
    gates.write_text(
        "models:\n  churn:\n    aliases:\n      production:\n        require:\n"
        "          - {metric: acc, vs: absolute, fail_below: 0.8}\n"
    )
    done("init")
    done("log-run", "-q", "--name", "one", "-m", f"acc={acc}", "-a", "train.py")
    done("register", "one", "churn")
    done("policy", str(gates))
    done("init", "--protected-registry")
    assert ".github/workflows/mlgit-gate.yml" in done("ci", "init", "github")
    done("push")
    before = git(forge.hub, "rev-parse", "mlgit-registry", check=True).stdout.strip()
    assert git(forge.hub, "show", f"{before}:.github/workflows/mlgit-gate.yml", check=True).stdout
    assert git(forge.hub, "show", "mlgit:.github/workflows/mlgit-gate.yml").returncode
    branch = done("promote", "churn@1", "--to", "production", "--propose").strip()
    head = git(forge.hub, "rev-parse", branch, check=True).stdout.strip()
    git(forge.hub, "update-ref", "refs/pull/1/head", head, check=True)
    said = {"HEAD_REF": "refs/pull/1/head", "HEAD_SHA": head, "BASE_SHA": ""}
    judged = forge.workflow("github", "gate", said, "mlgit-registry")
    assert judged.code == int(acc == "0.5"), judged
    assert "acc" in judged.summary
    git(forge.hub, "update-ref", "refs/heads/mlgit-registry", head, check=True)
    (forge.place / "store.git").rename(forge.place / "before.git")
    said = {"BEFORE": before, "AFTER": head}
    landed_there = forge.workflow("github", "landed", said, "mlgit-registry")
    assert (landed_there.code == 0) == (acc == "0.9"), landed_there
    assert ("would serve" in landed_there.printed) == (acc == "0.9")
