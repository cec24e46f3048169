"""Tags of a run, its own and MLflow's reserved ones, and the marks of later edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.records.run import Code, Edit, Run, RunStatus, Source, edited
from mlgit.records.system_tags import SYSTEM_TAGS
from tests.records.record_strategies import runs
from tests.records.strategies import texts

RUN = Run("4f1c9e20aa11bb22", "brisk-otter-12", "0", RunStatus.FINISHED, 1795421691123)
STAMP = Edit(5, "c7d41e9a02")
tag_keys = st.one_of(st.sampled_from(sorted(SYSTEM_TAGS)), texts)


@given(runs, tag_keys, st.one_of(texts, st.sampled_from(["true", "false", "LOCAL", "JOB"])))
def test_a_tag_that_was_set_is_seen_and_no_other_changes(run: Run, key: str, value: str) -> None:
    before, after = run.all_tags(), run.with_tag(key, value, STAMP).all_tags()
    assert after[key] == value
    before.pop(key, None)
    after.pop(key)
    # What a source is shows only where something else is known of it, too.
    for tags in (before, after):
        if key in ("mlflow.source.name", "mlflow.project.entryPoint"):
            tags.pop("mlflow.source.type", None)
    assert after == before


@given(runs, tag_keys)
def test_a_tag_that_was_deleted_is_gone(run: Run, key: str) -> None:
    after = run.without_tag(key, STAMP)
    assert key not in after.tags
    assert key == "mlflow.runName" or key not in after.all_tags()


@given(runs, tag_keys)
def test_setting_a_tag_to_what_it_is_changes_nothing_to_be_seen(run: Run, key: str) -> None:
    tags = run.all_tags()
    if key in tags:
        assert run.with_tag(key, tags[key]).all_tags() == tags


def test_reserved_tags_are_fields() -> None:
    run = RUN
    for number, tag in enumerate(SYSTEM_TAGS):
        run = run.with_tag(tag, "true" if tag.endswith("dirty") else f"v{number}")
    assert run.tags == {}
    assert (run.name, run.user, run.note, run.parent) == ("v0", "v1", "v2", "v3")
    assert run.source == Source("v5", "v4", "", "v6")
    assert run.code == Code("v7", "v8", "v9", True)


def test_a_value_that_a_field_cannot_hold_stays_a_tag() -> None:
    run = RUN._replace(code=Code(dirty=True)).with_tag("mlflow.source.git.dirty", "maybe")
    assert (run.code.dirty, run.tags) == (False, {"mlflow.source.git.dirty": "maybe"})
    run = run.with_tag("mlflow.source.git.dirty", "true")
    assert (run.code.dirty, run.tags) == (True, {})


def test_a_run_without_a_known_source_does_not_claim_one() -> None:
    assert RUN.all_tags() == {"mlflow.runName": "brisk-otter-12"}
    known = RUN.with_tag("mlflow.source.name", "train.py")
    assert known.all_tags()["mlflow.source.type"] == "LOCAL"
    assert "mlflow.source.type" not in known.without_tag("mlflow.source.type").all_tags()


def test_the_name_cannot_be_deleted() -> None:
    assert RUN.without_tag("mlflow.runName").name == "brisk-otter-12"


@pytest.mark.parametrize(
    ("key", "path"),
    [("team", "tags.team"), ("mlflow.note.content", "note"), ("mlflow.user", "user")],
)
def test_an_edit_after_publication_leaves_its_mark(key: str, path: str) -> None:
    assert RUN.with_tag(key, "x", STAMP).edits == {path: STAMP}
    assert RUN.without_tag(key, STAMP).edits == {path: STAMP._replace(deleted=True)}
    assert RUN.with_tag(key, "x").edits == {}


def test_a_later_edit_replaces_the_mark_of_its_field_only() -> None:
    run = edited(edited(RUN, "note", STAMP), "lifecycle", STAMP)
    assert edited(run, "note", Edit(9, "b")).edits == {"note": Edit(9, "b"), "lifecycle": STAMP}


def test_which_statuses_are_ends() -> None:
    ended = {status.value for status in RunStatus if status.terminal}
    assert ended == {"FINISHED", "FAILED", "KILLED"}
