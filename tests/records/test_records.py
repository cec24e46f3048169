"""Laws of the smaller records: exact both ways, nothing unknown lost, newer formats kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit import errors
from mlgit.records import text
from mlgit.records.approval import Approval, dump_approval, load_approval
from mlgit.records.artifact import ArtifactEntry, Manifest, dump_manifest, load_manifest
from mlgit.records.experiment import Experiment, dump_experiment, load_experiment
from mlgit.records.inputs import Inputs, dump_inputs, load_inputs
from mlgit.records.logged_model import LoggedModel, dump_logged_model, load_logged_model
from mlgit.records.model_version import ModelVersion, dump_model_version, load_model_version
from mlgit.records.pointer import (
    Alias,
    Stage,
    dump_alias,
    dump_stage,
    load_alias,
    load_stage,
)
from mlgit.records.registered_model import (
    RegisteredModel,
    dump_registered_model,
    load_registered_model,
)
from mlgit.records.run import Edit
from mlgit.records.schema import validate
from mlgit.records.settings import Settings, dump_settings, load_settings
from tests.records import record_strategies as draw
from tests.records.strategies import documents

STAMP = Edit(5, "c7d41e9a02")
EXPERIMENT = Experiment("7", "churn", "churn", 0, 0)


@given(draw.experiments)
def test_an_experiment_is_exact_both_ways(experiment: Experiment) -> None:
    data = dump_experiment(experiment)
    assert load_experiment(data, experiment.folder) == experiment
    assert dump_experiment(load_experiment(data, "x")) == data
    assert validate("experiment", text.load(data)) == []


@given(st.lists(draw.entries, max_size=4), draw.unknown)
def test_a_manifest_is_exact_but_for_the_order_of_paths(
    entries: list[ArtifactEntry], extra: dict[str, Any]
) -> None:
    data = dump_manifest(Manifest(entries, extra))
    assert sorted(map(repr, load_manifest(data))) == sorted(map(repr, entries))
    assert load_manifest(data).extra == extra
    assert dump_manifest(load_manifest(data)) == data
    assert [entry.path for entry in load_manifest(data)] == sorted(e.path for e in entries)


@given(draw.inputs)
def test_inputs_are_exact_both_ways(inputs: Inputs) -> None:
    data = dump_inputs(inputs)
    assert load_inputs(data) == inputs
    assert dump_inputs(load_inputs(data)) == data
    assert validate("inputs", text.load(data)) == []


@given(draw.logged_models)
def test_a_logged_model_is_exact_both_ways(model: LoggedModel) -> None:
    data = dump_logged_model(model)
    assert load_logged_model(data) == model
    assert dump_logged_model(load_logged_model(data)) == data
    assert validate("logged-model", text.load(data)) == []


@given(draw.settings_of_a_team)
def test_settings_are_exact_both_ways(settings: Settings) -> None:
    data = dump_settings(settings)
    assert load_settings(data) == settings
    assert dump_settings(load_settings(data)) == data


Loader = Callable[[bytes], Any]
LOADERS: dict[str, tuple[Loader, Callable[[Any], bytes]]] = {
    "experiment": (lambda data: load_experiment(data, "x"), dump_experiment),
    "artifacts": (load_manifest, dump_manifest),
    "inputs": (load_inputs, dump_inputs),
    "logged-model": (load_logged_model, dump_logged_model),
    "settings": (load_settings, dump_settings),
}
_TIME = "2026-11-23T08:14:51.123Z"
_HEADS = {
    "experiment": {"id": "7", "name": "a", "created": _TIME, "updated": _TIME},
    "logged-model": {
        "id": "m-1",
        "name": "a",
        "experiment": "7",
        "status": "READY",
        "created": _TIME,
        "updated": _TIME,
    },
}


@pytest.mark.parametrize("kind", LOADERS)
@given(doc=documents)
def test_any_document_is_the_record_or_damage(kind: str, doc: dict[str, Any]) -> None:
    load, dump = LOADERS[kind]
    try:
        record = load(text.dump({**_HEADS.get(kind, {}), **doc}))
    except errors.Damaged:
        return
    assert load(dump(record)) == record


@pytest.mark.parametrize("kind", LOADERS)
def test_a_newer_format_is_read_and_never_written(kind: str) -> None:
    load, dump = LOADERS[kind]
    record = load(text.dump({"format": 3, **_HEADS.get(kind, {})}))
    with pytest.raises(errors.Unsupported, match="format 3"):
        dump(record)


def test_settings_in_conflict_serve_the_base_and_stay_in_conflict() -> None:
    data = (
        b'format: 1\nremotes:\n  a:\n    base:\n      url: "s3://a"\n    sides:\n'
        b'      - url: "s3://b"\n      - url: "s3://c"\n'
        b"limits:\n  patch:\n    base: 5\n    sides:\n      - 6\n      - 7\n"
        b"capture:\n  host:\n    sides:\n      - false\n      - true\n"
    )
    settings = load_settings(data)
    assert settings.remotes == {"a": "s3://a"}
    assert (settings.limits.patch, settings.capture.host) == (5, False)
    assert dump_settings(settings) == data


def test_the_default_settings_are_an_empty_file_of_the_format() -> None:
    assert dump_settings(Settings()) == b"format: 1\n"
    assert load_settings(b"format: 1\n") == Settings()


def test_the_note_of_an_experiment_is_a_tag_too() -> None:
    noted = EXPERIMENT.with_tag("mlflow.note.content", "text", STAMP)
    assert (noted.note, noted.tags, noted.edits) == ("text", {}, {"note": STAMP})
    assert noted.all_tags() == {"mlflow.note.content": "text"}
    assert noted.without_tag("mlflow.note.content").all_tags() == {}


def test_tags_of_an_experiment_leave_the_mark_of_an_edit() -> None:
    tagged = EXPERIMENT.with_tag("team", "risk", STAMP)
    assert (tagged.all_tags(), tagged.edits) == ({"team": "risk"}, {"tags.team": STAMP})
    gone = tagged.without_tag("team", STAMP)
    assert (gone.tags, gone.edits) == ({}, {"tags.team": STAMP._replace(deleted=True)})


def test_an_experiment_of_the_first_days_was_updated_when_created() -> None:
    data = b'id: "7"\nname: a\ncreated: "2026-11-23T08:14:51.123Z"\n'
    assert load_experiment(data, "a").updated == 1795421691123


@given(draw.registered_models)
def test_registered_models_are_exact_both_ways(model: RegisteredModel) -> None:
    assert load_registered_model(dump_registered_model(model), "x") == model


@given(draw.model_versions)
def test_versions_are_exact_both_ways(version: ModelVersion) -> None:
    assert load_model_version(dump_model_version(version), 3) == version


@given(draw.aliases)
def test_aliases_are_exact_both_ways(alias: Alias) -> None:
    assert load_alias(dump_alias(alias)) == alias


@given(draw.stages)
def test_stages_are_exact_both_ways(stage: Stage) -> None:
    assert load_stage(dump_stage(stage)) == stage


@given(draw.approvals)
def test_approvals_are_exact_both_ways(approval: Approval) -> None:
    assert load_approval(dump_approval(approval)) == approval
