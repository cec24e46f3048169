"""The golden store of format 1: whatever this version becomes, it reads and keeps these bytes."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import pytest

from mlgit.errors import Damaged
from mlgit.records import layout, schema, text
from mlgit.records.approval import dump_approval, load_approval
from mlgit.records.artifact import dump_manifest, load_manifest
from mlgit.records.epoch import dump_epoch, load_epoch
from mlgit.records.experiment import dump_experiment, load_experiment
from mlgit.records.inputs import dump_inputs, load_inputs
from mlgit.records.logged_model import dump_logged_model, load_logged_model
from mlgit.records.metrics import decode_points, encode_points, merge_segments, summarize
from mlgit.records.model_version import dump_model_version, load_model_version
from mlgit.records.pointer import dump_alias, dump_stage, load_alias, load_stage
from mlgit.records.policy import Bound, Requirement, load_policy
from mlgit.records.registered_model import dump_registered_model, load_registered_model
from mlgit.records.run import Edit, Run, dump_purged, dump_run, load_purged, load_run
from mlgit.records.schema_table import KINDS, VARIANTS
from mlgit.records.settings import dump_settings, load_settings
from mlgit.records.trust import load_trust
from mlgit.records.unshared import dump_unshared, load_unshared, unshared_name
from tests.records.strategies import same

T = TypeVar("T")
GOLDEN = Path(__file__).parent.parent / "golden" / "format-1"
PATHS = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file())
YAML = [path for path in PATHS if path.endswith(".yaml")]
BRISK_OTTER = "runs/churn/2026-11-23/b/081451-4f1c9e20aa11bb22"
NOT_OURS = {"CODEOWNERS"}


def read(path: str) -> bytes:
    return (GOLDEN / path).read_bytes()


def kind_of(path: str) -> str:
    found = layout.parse_path(path)
    assert found is not None, path
    return found.kind


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "run": lambda data: dump_run(load_run(data)),
    "experiment": lambda data: dump_experiment(load_experiment(data, "x")),
    "inputs": lambda data: dump_inputs(load_inputs(data)),
    "artifacts": lambda data: dump_manifest(load_manifest(data)),
    "logged-model": lambda data: dump_logged_model(load_logged_model(data)),
    "epoch": lambda data: dump_epoch(load_epoch(data)),
    "unshared": lambda data: dump_unshared(load_unshared(data)),
    "model": lambda data: dump_registered_model(load_registered_model(data, "x")),
    "version": lambda data: dump_model_version(load_model_version(data, 1)),
    "alias": lambda data: _alias(data),
    "stage": lambda data: data if b"sides:" in data else dump_stage(_there(load_stage(data))),
    "approval": lambda data: dump_approval(load_approval(data)),
    "settings": lambda data: dump_settings(load_settings(data)),
    "metrics": lambda data: encode_points(decode_points(data)),
}


def _there(pointer: T | None) -> T:
    assert pointer is not None
    return pointer


def _alias(data: bytes) -> bytes:
    """An alias as it is written; one in conflict is never written but by a decision."""
    alias = _there(load_alias(data))
    return data if alias.contested else dump_alias(alias)


def rewritten(path: str) -> bytes:
    """The file as its record writes it."""
    data = read(path)
    stub = load_purged(data) if kind_of(path) == "run" else None
    if stub is not None:
        return dump_purged(stub)
    return CODECS.get(kind_of(path), bytes)(data)


def test_there_is_one_of_every_file_of_the_format() -> None:
    kinds = {kind_of(path) for path in set(PATHS) - NOT_OURS}
    others = {"attributes", "readme", "metrics", "inline", "environment", "patch"}
    assert kinds == set(KINDS) | others
    for kind, key in VARIANTS:
        assert any(key in text.load(read(path)) for path in YAML if kind_of(path) == kind)


@pytest.mark.parametrize("path", YAML)
def test_a_yaml_file_is_valid_and_written_back_byte_for_byte(path: str) -> None:
    assert schema.validate_file(kind_of(path), read(path)) == []
    assert text.dump(text.load(read(path))) == read(path)
    assert rewritten(path) == read(path)


@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith(".csv")])
def test_a_metrics_file_is_written_back_byte_for_byte(path: str) -> None:
    assert rewritten(path) == read(path)


@pytest.mark.parametrize("path", [path for path in YAML if kind_of(path) == "run"])
def test_a_run_stands_where_its_start_and_id_say_and_knows_its_metrics(path: str) -> None:
    located = layout.parse_path(path)
    assert located is not None
    if load_purged(read(path)):
        return
    run = load_run(read(path))
    folder = layout.run_folder(located.experiment_folder, run.start, run.id)
    assert path == f"{folder}/run.yaml"
    files = [name for name in PATHS if name.startswith(folder)]
    parts = [decode_points(read(name)) for name in files if kind_of(name) == "metrics"]
    assert same(dict(run.metrics), dict(sorted(summarize(merge_segments(parts)).items())))


@pytest.mark.parametrize("path", [path for path in YAML if kind_of(path) == "experiment"])
def test_an_experiment_stands_in_the_folder_of_its_name(path: str) -> None:
    experiment = load_experiment(read(path), "x")
    assert path == layout.experiment_path(layout.folder_name(experiment.name))
    assert experiment.id == layout.experiment_id(experiment.name)


@pytest.mark.parametrize("path", [path for path in YAML if kind_of(path) == "artifacts"])
def test_artifacts_kept_in_git_are_where_the_manifest_says(path: str) -> None:
    folder = path.rpartition("/")[0]
    taken: list[str] = []
    for entry in load_manifest(read(path)):
        if entry.inline:
            data = read(f"{folder}/{entry.inline}")
            assert (sha256(data).hexdigest(), len(data)) == (entry.sha256, entry.size)
            assert entry.inline == layout.artifact_file(entry.path, entry.sha256, taken)
            taken.append(entry.inline)
    kept = {name for name in PATHS if name.startswith(f"{folder}/files/")}
    assert kept == {f"{folder}/{name}" for name in taken}


def test_a_model_version_pins_the_manifest_of_its_logged_model() -> None:
    version = text.load(read("registry/models/churn/versions/5.yaml"))
    (manifest,) = GOLDEN.glob(f"runs/*/*/*/*-{version['logged_model']}/artifacts.yaml")
    assert version["manifest"] == f"sha256:{sha256(manifest.read_bytes()).hexdigest()}"


def test_the_attributes_are_those_that_a_new_store_gets() -> None:
    assert read(".gitattributes") == layout.ATTRIBUTES_TEXT


def test_an_edit_changes_its_field_and_nothing_that_is_not_known() -> None:
    before = load_run(read(f"{BRISK_OTTER}/run.yaml"))
    after = load_run(dump_run(before.with_tag("team", "fraud", Edit(1795425291123, "5be09f3d61"))))
    assert after.tags["team"] == "fraud"
    assert after.extra == before.extra
    assert {"code", "x-energy"} <= set(after.extra)

    def bare(run: Run) -> Run:
        return run._replace(tags={}, edits={}, metrics={})

    assert bare(after) == bare(before)


@pytest.mark.parametrize("path", [path for path in YAML if kind_of(path) in CODECS])
def test_keys_of_a_newer_version_survive_a_rewrite(path: str) -> None:
    newer = text.dump({"x-new": {"a": [1, {"b": None}], "e": {}}})
    data = read(path) + newer
    if b"\npurged:" not in data:  # nothing ever rewrites what is left of a purged run
        assert CODECS[kind_of(path)](data) == data


@pytest.mark.parametrize("path", [path for path in YAML if kind_of(path) == "unshared"])
def test_a_file_of_unshared_bytes_is_named_for_its_content(path: str) -> None:
    assert path == layout.unshared_path(unshared_name(read(path)))


def test_an_alias_in_conflict_reads_as_what_it_was() -> None:
    alias = _there(load_alias(read("registry/models/churn/aliases/candidate.yaml")))
    assert (alias.alias, alias.version, alias.uid) == ("candidate", 4, "77e0a1b2c3d4e5f6")
    assert alias.contested


def test_the_policy_reads_as_the_gate_it_describes() -> None:
    gate = _there(load_policy(read("registry/policy.yaml")).of_alias("churn", "production"))
    assert gate.sources == ("candidate",)
    assert (gate.clean, gate.artifacts, gate.signature) == (True, True, True)
    assert gate.approvals == (1, ("ml-leads",), True)
    latency = Requirement(
        "latency_p95_ms",
        "current",
        fail_above=Bound(0.25, relative=True),
        warn_above=Bound(0.1, relative=True),
    )
    assert latency in gate.require


def test_a_policy_with_a_rule_that_is_not_known_is_no_policy() -> None:
    data = read("registry/policy.yaml").replace(b"clean: true", b"claen: true")
    with pytest.raises(Damaged, match=r"models\.churn\.aliases\.production\.claen"):
        load_policy(data)


def test_the_trust_reads_as_signers() -> None:
    trust = load_trust(read("trust.yaml") + b"groups:\n  ml-leads:\n    - ada\n    - bob\n")
    assert [one.name for one in trust.who_may("approve")] == ["ada"]
    assert trust.people(["ml-leads", "eve"]) == {"ada", "bob", "eve"}
