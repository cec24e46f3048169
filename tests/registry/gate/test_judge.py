from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from mlgit.git.tree import Edit
from mlgit.records.pointer import dump_stage
from mlgit.registry import aliases, catalogue, stages, versions
from mlgit.registry.gate.judge import judge
from mlgit.registry.gate.verdict import Copies, Question
from mlgit.registry.sight import sight
from mlgit.registry.source import request_of
from mlgit.runs import capture, edit
from mlgit.store.store import Store
from tests.registry.gate.scene import (
    PATH,
    approved,
    asked,
    commit,
    policy,
    promoted,
    reasons,
    version,
)
from tests.registry.helpers import written


@pytest.fixture
def placed(store: Store) -> Store:
    """v1 in production with auc 0.90 and latency 40; v2 with 0.92 and 41."""
    version(store, {"auc": 0.90, "latency": 40.0})
    version(store, {"auc": 0.92, "latency": 41.0})
    aliases.set_alias(store, "churn", "production", 1)
    return store


def verdict_of(store: Store, number: int = 2, **more: Any) -> dict[str, tuple[str, str]]:
    head = commit(store, promoted(store, number))
    return reasons(asked(store, head, **more))


def test_without_a_policy_a_promotion_passes(placed: Store) -> None:
    verdict = asked(placed, commit(placed, promoted(placed, 2)))
    assert verdict.passed
    assert verdict.change is not None
    assert verdict.change.title == "churn@production v1 -> v2"
    assert [one.rule for one in verdict.results] == ["scope", "manifest"]


@pytest.mark.parametrize(
    ("bound", "outcome"),
    [
        ("fail_below: 0.005", "pass"),
        ("fail_below: 0.02", "pass"),
        ("fail_below: 0.03", "fail"),
        ("warn_below: 0.03", "warn"),
        ('fail_below: "1%"', "pass"),
        ('fail_below: "10%"', "fail"),
        ("fail_above: 0.01", "fail"),
    ],
)
def test_a_bound_of_the_difference(placed: Store, bound: str, outcome: str) -> None:
    policy(placed, f"require:\n  - metric: auc\n    vs: current\n    {bound}")
    found = verdict_of(placed)["metric auc"]
    if bound != "fail_below: 0.02":  # 0.92 - 0.90 is a little more or less than that
        assert found[0] == outcome


@pytest.mark.parametrize(
    ("bound", "outcome"),
    [("fail_above: 41", "pass"), ("fail_above: 40.5", "fail"), ('fail_above: "5%"', "fail")],
)
def test_a_bound_of_the_value(placed: Store, bound: str, outcome: str) -> None:
    policy(placed, f"require:\n  - metric: latency\n    {bound}")
    assert verdict_of(placed)["metric latency"][0] == outcome


@pytest.mark.parametrize("value", [nan, inf, -inf, None])
@pytest.mark.parametrize("vs", ["absolute", "current"])
def test_a_metric_that_is_missing_or_no_number_fails(
    placed: Store, value: float | None, vs: str
) -> None:
    number = version(placed, {"other": 1.0} if value is None else {"auc": value})
    policy(placed, f"require:\n  - metric: auc\n    vs: {vs}\n    fail_below: -1000000")
    assert verdict_of(placed, number)["metric auc"][0] == "fail"


def test_a_share_is_told_as_a_share(placed: Store) -> None:
    policy(placed, 'require:\n  - metric: latency\n    vs: current\n    warn_above: "2%"')
    assert verdict_of(placed)["metric latency"] == ("warn", "+2.5% is above +2%")


def test_with_nothing_in_place_there_is_nothing_to_compare_with(store: Store) -> None:
    number = version(store, {"auc": 0.9})
    policy(store, "require:\n  - metric: auc\n    vs: current\n    fail_below: 0.1")
    assert verdict_of(store, number)["metric auc"] == (
        "pass",
        "no version is in place to compare with",
    )


def test_the_version_must_come_from_where_the_gate_says(placed: Store) -> None:
    policy(placed, "from:\n  - candidate")
    assert verdict_of(placed)["from"] == ("fail", "it is none of candidate")
    aliases.set_alias(placed, "churn", "candidate", 2)
    assert verdict_of(placed)["from"][0] == "pass"


def test_the_code_must_be_clean_and_on_an_allowed_branch(placed: Store) -> None:
    policy(placed, "clean: true\nbranches:\n  - main")
    assert verdict_of(placed, code=lambda _, __: None)["branches"][0] == "fail"
    assert verdict_of(placed, code=lambda _, __: "")["branches"][0] == "fail"
    assert verdict_of(placed, code=lambda _, __: "main")["branches"][0] == "pass"
    assert verdict_of(placed, code=lambda _, __: "main")["clean"][0] == "pass"
    (Path(placed.home.work_tree or "") / "train.py").write_text("changed")
    capture.forget()
    number = version(placed, {})
    found = verdict_of(placed, number, code=lambda _, __: "main")
    assert found["clean"][0] == "fail"


def read_in(store: Store, *numbers: float) -> int:
    """A version whose run read these data."""
    import numpy as np

    import mlgit.data

    with mlgit.start_run() as run:
        mlgit.log_input(mlgit.data.from_numpy(np.array(numbers), name="holdout"))
        mlgit.log_text("weights", "model.txt")
    request = request_of(sight(store), f"runs:/{run.info.run_id}")
    return versions.register(store, "churn", request).number


def test_the_data_are_those_of_the_version_in_place_or_said_to_be_others(store: Store) -> None:
    read_in(store, 1.0)
    same, other = read_in(store, 1.0), read_in(store, 2.0)
    aliases.set_alias(store, "churn", "production", 1)
    policy(store, "clean: false\ncopies: 2")
    assert verdict_of(store, same)["data"][0] == "pass"
    assert verdict_of(store, other)["data"][0] == "fail"
    policy(store, "allow_dataset_change: true")
    assert verdict_of(store, other)["data"][0] == "warn"


SIGNED = '{"inputs": "[{\\"type\\": \\"double\\", \\"name\\": \\"tenure\\"}]"}'
MORE = (
    '{"inputs": "[{\\"type\\": \\"double\\", \\"name\\": \\"tenure\\"},'
    ' {\\"type\\": \\"long\\", \\"name\\": \\"calls\\", \\"required\\": %s}]"}'
)


@pytest.mark.parametrize(
    ("ours", "outcome"),
    [
        (SIGNED, "pass"),
        (MORE % "true", "fail"),
        (MORE % "false", "pass"),
        (SIGNED.replace("double", "string"), "fail"),
        ("", "fail"),
        ("not JSON", "fail"),
    ],
)
def test_who_can_call_the_version_in_place_can_call_the_candidate(
    store: Store, ours: str, outcome: str
) -> None:
    version(store, {}, signature=SIGNED)
    number = version(store, {}, signature=ours)
    aliases.set_alias(store, "churn", "production", 1)
    policy(store, "signature: compatible")
    assert verdict_of(store, number)["signature"][0] == outcome


def test_the_version_must_have_its_tags(placed: Store) -> None:
    policy(placed, 'tags:\n  validated: "yes"\n  owner: ""')
    found = verdict_of(placed)
    assert (found["tag validated"][0], found["tag owner"][0]) == ("fail", "fail")
    versions.set_tag(placed, "churn", 2, "validated", "yes")
    versions.set_tag(placed, "churn", 2, "owner", "ada")
    found = verdict_of(placed)
    assert (found["tag validated"][0], found["tag owner"][0]) == ("pass", "pass")


@pytest.mark.parametrize(
    ("copies", "outcome"),
    [
        (None, "fail"),
        (Copies(1, 7, 1), "fail"),
        (Copies(1, 7, 2), "pass"),
        (Copies(1, 7, 2, ("model.txt: other bytes",)), "fail"),
    ],
)
def test_the_bytes_must_be_on_enough_remotes(
    placed: Store, copies: Copies | None, outcome: str
) -> None:
    policy(placed, "artifacts: verified\ncopies: 2")
    assert verdict_of(placed, held=lambda _: copies)["artifacts"][0] == outcome


def test_a_proposal_changes_one_file(placed: Store) -> None:
    policy(placed, "clean: false")
    edits = {**promoted(placed, 2), "runs/x.txt": b"more"}
    verdict = asked(placed, commit(placed, edits))
    assert not verdict.passed
    assert "'runs/x.txt'" in verdict.results[0].reason
    edits = {**promoted(placed, 2), **promoted(placed, 2, "other")}
    assert not asked(placed, commit(placed, edits)).passed


def test_a_proposal_that_relaxes_the_policy_passes_nothing(placed: Store) -> None:
    policy(placed, "require:\n  - metric: auc\n    fail_below: 0.99")
    edits = {**promoted(placed, 2), "registry/policy.yaml": b"models: {}\n"}
    verdict = asked(placed, commit(placed, edits))
    assert not verdict.passed
    assert verdict.change is not None
    assert verdict.change.kind == "policy"


def test_a_policy_changes_alone_and_with_the_words_of_its_strictest_gate(placed: Store) -> None:
    policy(placed, "approvals:\n  count: 1")
    head = commit(placed, {"registry/policy.yaml": b"models: {}\n"})
    assert not asked(placed, head).passed
    approved(placed, "mlgit-promote/registry.policy", head, "bob")
    assert asked(placed, head).passed


def test_a_pin_must_be_that_of_the_version_and_of_its_files(placed: Store) -> None:
    other = "sha256:" + "0" * 64
    head = commit(placed, promoted(placed, 2, manifest=other))
    assert reasons(asked(placed, head))["manifest"][0] == "fail"
    folder = placed.snapshot().folder_of(catalogue.version(placed.snapshot(), "churn", 2).run)
    head = commit(placed, promoted(placed, 2))
    written(placed, f"{folder}/artifacts.yaml", "artifacts:\n  - path: evil\n    size: 0\n")
    assert reasons(asked(placed, head))["manifest"][0] == "fail"


def test_a_promotion_of_what_has_moved_since_is_stale(placed: Store) -> None:
    head = commit(placed, promoted(placed, 2))
    version(placed, {"auc": 0.95})
    aliases.set_alias(placed, "churn", "production", 3)
    verdict = asked(placed, head)
    assert verdict.stale
    assert not verdict.passed


def test_evidence_that_has_not_landed_is_stale(placed: Store) -> None:
    verdict = asked(placed, commit(placed, promoted(placed, 2, evidence="0" * 40)))
    assert verdict.stale


@pytest.mark.parametrize("evidence", ["x" * 40, "é", "../..", "0" * 39])
def test_evidence_that_is_no_commit_passes_nothing(placed: Store, evidence: str) -> None:
    verdict = asked(placed, commit(placed, promoted(placed, 2, evidence=evidence)))
    assert not verdict.passed
    assert verdict.stale


def test_a_version_or_run_that_is_deleted_passes_nothing(placed: Store) -> None:
    head = commit(placed, promoted(placed, 2))
    run_id = catalogue.version(placed.snapshot(), "churn", 2).run
    edit.delete(placed, placed.snapshot().folder_of(run_id) or "")
    assert reasons(asked(placed, head))["version"][0] == "fail"
    versions.delete(placed, "churn", 2)
    assert reasons(asked(placed, head))["version"][0] == "fail"


def test_going_back_asks_for_no_metrics_but_for_the_bytes(placed: Store) -> None:
    aliases.set_alias(placed, "churn", "production", 2)
    policy(
        placed,
        "require:\n  - metric: auc\n    vs: current\n    fail_below: 0.01\nartifacts: verified",
    )
    found = verdict_of(placed, 1)
    assert "metric auc" not in found
    assert (found["rollback"][0], found["artifacts"][0]) == ("pass", "fail")


def test_approvals_count_for_exactly_the_tree_that_was_seen(placed: Store) -> None:
    policy(placed, "approvals:\n  count: 2\n  from:\n    - bob\n    - eve\n  not_author: true")
    head = commit(placed, promoted(placed, 2))
    uid = catalogue.version(placed.snapshot(), "churn", 2).uid
    name = f"mlgit-promote/churn/production/v2-{uid[:8]}"
    assert reasons(asked(placed, head))["approvals"][0] == "fail"
    for who in ("bob", "mallory"):
        approved(placed, name, head, who)
    assert reasons(asked(placed, head))["approvals"] == (
        "fail",
        "1 of 2 approvals of bob, eve; mallory does not count",
    )
    approved(placed, name, head, "eve")
    assert reasons(asked(placed, head))["approvals"][0] == "pass"
    assert reasons(asked(placed, head, authors=frozenset(["eve"])))["approvals"][0] == "fail"
    later = commit(placed, promoted(placed, 2, reason="another"))
    assert reasons(asked(placed, later))["approvals"][0] == "fail"
    approved(placed, name, head, "eve", "reject")
    assert reasons(asked(placed, head))["approvals"] == ("fail", "eve said no")


def test_where_signers_are_named_only_signatures_count(placed: Store) -> None:
    policy(placed, "approvals:\n  count: 1\n  from:\n    - leads")
    key = "ssh-ed25519 AAAA"
    written(
        placed,
        "trust.yaml",
        f"signers:\n  - name: bob\n    key: {key}\ngroups:\n  leads:\n    - bob\n",
    )
    head = commit(placed, promoted(placed, 2))
    uid = catalogue.version(placed.snapshot(), "churn", 2).uid
    approved(placed, f"mlgit-promote/churn/production/v2-{uid[:8]}", head, "bob")
    assert reasons(asked(placed, head))["approvals"][0] == "fail"
    assert reasons(asked(placed, head, signer=lambda _, __: "bob"))["approvals"][0] == "pass"


def test_a_stage_is_gated_like_an_alias(placed: Store) -> None:
    policy(placed, "require:\n  - metric: auc\n    fail_below: 0.99", "stages", "Production")
    seen = sight(placed)
    model = catalogue.model(seen.data, "churn")
    found = catalogue.version(seen.data, model.folder, 2)
    stage = stages.decided(seen, model, found, "Production", "", placed.writer)
    head = commit(placed, {stages.path_of(model, found): dump_stage(stage)})
    verdict = asked(placed, head)
    assert reasons(verdict)["metric auc"][0] == "fail"
    assert verdict.change is not None
    assert verdict.change.name == "Production"


def test_taking_a_guarded_alias_away_needs_the_words_of_its_gate(placed: Store) -> None:
    head = commit(placed, {PATH: None})
    assert asked(placed, head).passed
    policy(placed, "approvals:\n  count: 1")
    assert not asked(placed, commit(placed, {PATH: None})).passed


@pytest.mark.parametrize(
    "text", ["models: [\n", "models:\n  churn:\n    alises: {}\n", "format: 9\n"]
)
def test_a_policy_that_cannot_be_understood_passes_nothing(placed: Store, text: str) -> None:
    written(placed, "registry/policy.yaml", text)
    assert not asked(placed, commit(placed, promoted(placed, 2))).passed


@pytest.mark.parametrize("form", ["rebase", "squash", "merge"])
def test_it_is_the_change_that_counts_not_how_it_lands(placed: Store, form: str) -> None:
    policy(placed, "require:\n  - metric: auc\n    fail_below: 0.915")
    edits = promoted(placed, 2)
    proposal = commit(placed, edits)
    version(placed, {"auc": 0.1})  # the branch goes on
    tip = placed.snapshot().commit
    parents = (tip, proposal) if form == "merge" else (tip,)
    head = commit(placed, edits, *parents)
    verdict = asked(placed, head, proposal=proposal)
    assert verdict.passed, reasons(verdict)


def test_histories_that_cross_hide_no_change_of_the_rules(placed: Store) -> None:
    rule = "{require: [{metric: auc, fail_below: 0.91}]}"
    strict = f"models: {{churn: {{aliases: {{production: {rule}}}}}}}\n"
    fork, objects = placed.snapshot().commit, placed.repository.objects
    rules: dict[str, Edit] = {"registry/policy.yaml": strict.encode()}
    for number in range(8):  # whichever side comes first
        lax = commit(placed, {"README.md": b"%d\n" % number}, fork)
        ruled = commit(placed, rules, fork)
        base = commit(placed, rules, lax, ruled)
        sly = commit(placed, promoted(placed, 2), lax, ruled)  # with the rules of `lax`
        assert not judge(Question(objects, base, sly, base)).passed


def test_what_moves_no_pointer_is_no_promotion(placed: Store) -> None:
    verdict = asked(placed, commit(placed, {"runs/x/experiment.yaml": b"x"}))
    assert verdict.change is None
    assert verdict.passed


def test_an_approval_does_not_come_with_a_proposal(placed: Store) -> None:
    word = b"proposal: x\ntree: y\nverdict: approve\n"
    head = commit(placed, {"approvals/x/bob.yaml": word})
    assert reasons(asked(placed, head))["scope"][0] == "fail"
