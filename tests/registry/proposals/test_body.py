"""The body of a proposal: everything a reviewer needs, and nothing that does anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.records.model_version import ModelVersion
from mlgit.registry import aliases
from mlgit.registry.compare import Comparison, Row, compare
from mlgit.registry.gate.verdict import Decision, Result, Verdict
from mlgit.registry.proposals.body import BEGIN, END, MAX, body, title, updated
from mlgit.registry.sight import sight
from mlgit.store.store import Store
from tests.registry.gate import scene
from tests.support.rendered import HOSTILE, acting, acting_unrendered, pages

CHANGE = Decision("alias", "p", "churn", "churn", "production", 5, "b" * 16, 4, "a" * 16)
OLD = ModelVersion(4, "a" * 16, "READY", 0)
NEW = ModelVersion(5, "b" * 16, "READY", 0, manifest="sha256:" + "c" * 64)
ROWS = (
    Row("metrics", "val/auc", 0.912, 0.924),
    Row("metrics", "system/cpu", 1.0, 2.0),
    Row("metrics", "loss", 0.5, float("nan")),
    Row("params", "lr", "0.1", "0.05"),
    Row("params", "depth", "8", "8"),
    Row("data", "train", "d1", "d1"),
    Row("code", "commit", "a" * 40, "b" * 40),
    Row("artifacts", "model.txt", "a", "b"),
)
COMPARED = Comparison(OLD, NEW, ROWS, 3, 412_000_000, "brisk-otter")
RESULTS = (
    Result("metric val/auc", "pass", "good", "0.912", "0.924", "+0.012", "difference >= 0.005"),
    Result("metric p95", "fail", "the candidate's run has no metric 'p95'"),
    Result("artifacts", "warn", "one copy"),
)
ALLOWED = {"p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "blockquote"}


def quiet(source: str) -> None:
    """The marks of mlgit are its only comments, and nothing else acts."""
    assert source.splitlines().count(BEGIN) == source.splitlines().count(END) == 1
    inner = source.replace(BEGIN, "").replace(END, "")
    assert "<!--" not in inner
    assert acting(inner) == []
    for page in pages(inner):
        assert set(page.tags) <= ALLOWED
        assert not page.links


def test_a_reviewer_reads_what_changes(store: Store) -> None:
    scene.version(store, {"val/auc": 0.912, "loss": 0.5})
    scene.version(store, {"val/auc": 0.924, "loss": 0.4})
    aliases.set_alias(store, "churn", "production", 1)
    scene.policy(store, "require: [{metric: val/auc, vs: current, fail_below: 0.005}]")
    head = scene.commit(store, scene.promoted(store, 2))
    verdict = scene.asked(store, head)
    change = verdict.change
    assert change is not None
    found = compare(sight(store).data, change.folder, change.old_uid, change.uid)
    text = body(change, found, verdict, "new features; +1.2 points")
    quiet(text)
    assert title(change) == "promote churn: production v1 -> v2"
    assert "| `val/auc` | 0.912 | 0.924 | +0.012 (+1.3%) | `difference" in text
    assert "| `loss` | 0.5 | 0.4 | -0.1 (-20.0%) |  |  |" in text
    assert "**Gate:** ✅ passed." in text
    assert "> new features; +1.2 points" in text
    assert "`mlgit rollback churn@production` brings v1 back." in text


def test_rules_come_first_and_what_is_wrong_says_why() -> None:
    lines = body(CHANGE, COMPARED, Verdict(CHANGE, RESULTS)).splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert rows[:3] == [
        "| `val/auc` | 0.912 | 0.924 | +0.012 | `difference >= 0.005` | ✅ pass |",
        "| `p95` |  |  |  |  | ❌ fail: the candidate's run has no metric 'p95' |",
        "| `loss` | 0.5 | nan |  |  |  |",
    ]
    assert "| params `lr` | `0.1` | `0.05` |" in lines
    assert f"| code `commit` | `{'a' * 12}` | `{'b' * 12}` |" in lines
    assert "Unchanged: data." in lines
    assert "| artifacts | ⚠️ warn | one copy |" in lines
    assert "**Gate:** ❌ **failed**, 1 of 3 rules." in lines
    assert any(line.startswith("**Artifacts:** 3 files, 412.0 MB, 1 changed;") for line in lines)
    assert not any("system/" in line for line in lines)


def test_what_the_gate_has_not_said_is_not_told() -> None:
    assert "not judged yet" in body(CHANGE, COMPARED, None)
    assert "stale" in body(CHANGE, COMPARED, Verdict(CHANGE, (), stale=True))
    first = CHANGE._replace(old_number=0, old_uid="")
    assert "nothing was in place before" in body(first, COMPARED._replace(before=None), None)
    assert title(first) == "promote churn: production nothing -> v5"


def test_a_stage_and_a_strange_name_are_brought_back_by_a_command_that_works() -> None:
    stage = CHANGE._replace(kind="stage", name="Production")
    assert "`mlgit promote churn@4 --to Production`" in body(stage, COMPARED, None)
    assert "`mlgit rollback -- -x@production`" in body(CHANGE._replace(model="-x"), COMPARED, None)
    assert "`mlgit rollback 'a b@production'`" in body(CHANGE._replace(model="a b"), COMPARED, None)


def test_a_change_of_the_rules_has_a_body() -> None:
    change = Decision("policy", "registry/policy.yaml")
    assert title(change) == "change registry/policy.yaml"
    quiet(body(change, None, Verdict(change, RESULTS)))


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:30])
def test_no_text_of_a_user_does_anything(value: str) -> None:
    change = CHANGE._replace(model=value, name=value)
    rows = tuple(Row(row.section, value, value, value + "2") for row in ROWS)
    metric = Result(f"metric {value}", "warn", value, value, value, value, value)
    results = (metric, Result(value, "fail", value))
    compared = Comparison(OLD, NEW._replace(manifest=value), rows, 1, 1, value)
    text = body(change, compared, Verdict(change, results), value)
    quiet(text)
    assert len(text) <= MAX
    assert "\n" not in title(change)
    assert acting_unrendered(title(change)) == []


def test_a_body_is_never_longer_than_a_forge_takes() -> None:
    rows = tuple(Row("metrics", f"{'|' * 199}{n}", 1.0, 2.0) for n in range(500))
    results = tuple(Result(f"{n}" + "|" * 500, "fail", "|" * 5_000) for n in range(500))
    text = body(CHANGE, COMPARED._replace(rows=rows), Verdict(CHANGE, results), "|\n" * 9_000)
    assert len(text) <= MAX
    assert "more lines: `mlgit review` shows all." in text
    quiet(text)


def test_what_people_wrote_around_it_stays() -> None:
    first, second = body(CHANGE, COMPARED, None), body(CHANGE, None, None)
    text = f"Before, by hand.\n\n{first}\nAfter, by hand.\n"
    assert updated(text, second) == f"Before, by hand.\n\n{second}\nAfter, by hand.\n"
    assert updated(first, second) == second
    assert updated("", first) == first
    assert updated(text, f"{second}\n\nMlgit-Model: churn\n") == updated(text, second)
    assert updated("By hand.", first) == f"By hand.\n\n{first}"
    assert updated(text.replace("\n", "\r\n"), second) == updated(text, second)


lines = st.lists(st.sampled_from([BEGIN, END, "by hand", "", f" {END}", f"x {BEGIN}"]), max_size=9)


@given(lines)
def test_the_same_body_again_changes_nothing(there: list[str]) -> None:
    new = body(CHANGE, COMPARED, None)
    once = updated("\n".join(there), new)
    assert updated(once, new) == once
    assert [line for line in there if "hand" in line] == [
        line for line in once.splitlines() if "hand" in line
    ] or there.count(BEGIN)
    assert new in once


def test_a_long_text_of_people_takes_from_the_body_and_not_from_them() -> None:
    people = "by hand\n" * 7_000
    new = body(CHANGE, COMPARED, Verdict(CHANGE, RESULTS * 100))
    text = updated(people, new)
    assert len(text) <= MAX
    assert text.startswith(people)
    assert updated(text, new) == text
