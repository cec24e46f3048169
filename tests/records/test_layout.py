"""Paths of the branch: made by functions, taken apart by their exact inverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit import errors, times
from mlgit.records import layout
from mlgit.records.layout import Located, parse_path
from tests.records.strategies import texts

START = 1795421691123
RUN = "runs/churn/2026-11-23/b/081451-4f1c9e20aa11bb22"
some_names = st.one_of(texts, st.from_regex(r"[a-z0-9][a-z0-9_-]{0,62}", fullmatch=True))
some_ids = st.from_regex(r"[a-zA-Z0-9][\w\-]{0,40}", fullmatch=True)
moments = st.integers(0, times.MAX_TIME_MS)


def test_a_run_is_found_where_its_experiment_start_and_id_say() -> None:
    assert layout.run_folder("churn", START, "4f1c9e20aa11bb22") == RUN
    assert parse_path(f"{RUN}/run.yaml") == Located(
        "run", RUN, "churn", "4f1c9e20aa11bb22", name="run.yaml"
    )


@given(some_names, moments, some_ids)
def test_every_path_of_a_run_is_taken_apart_again(name: str, start: int, run_id: str) -> None:
    experiment = layout.folder_name(name)
    folder = layout.run_folder(experiment, start, run_id)
    files = {
        layout.RUN: "run",
        layout.METRICS: "metrics",
        layout.segment_name("c7d41e9a02", 12): "metrics",
        layout.INPUTS: "inputs",
        layout.ARTIFACTS: "artifacts",
        layout.ENVIRONMENT: "environment",
        layout.PATCH: "patch",
        "files/a/b.txt": "inline",
        "files/~0123456789ab": "inline",
    }
    for file, kind in files.items():
        expected = Located(kind, folder, experiment, layout.run_part(run_id), name=file)
        assert parse_path(f"{folder}/{file}") == expected


@given(some_names, moments, st.one_of(some_ids, st.just("m-" + "0a" * 16)))
def test_every_path_of_a_logged_model_is_taken_apart_again(
    name: str, created: int, model_id: str
) -> None:
    experiment = layout.folder_name(name)
    folder = layout.model_folder(experiment, created, model_id)
    part = layout.model_part(model_id)
    assert parse_path(f"{folder}/{layout.LOGGED_MODEL}") == Located(
        "logged-model", folder, experiment, part, name=layout.LOGGED_MODEL
    )
    assert parse_path(f"{folder}/run.yaml") is None


@given(some_names, some_names, st.integers(1, 10**9 - 1))
def test_every_path_of_the_registry_is_taken_apart_again(one: str, two: str, n: int) -> None:
    model, name = layout.folder_name(one), layout.folder_name(two)
    assert parse_path(layout.experiment_path(model)) == Located(
        "experiment", experiment_folder=model
    )
    assert parse_path(layout.model_path(model)) == Located("model", model=model)
    assert parse_path(layout.version_path(model, n)) == Located("version", model=model, number=n)
    assert parse_path(layout.stage_path(model, n)) == Located("stage", model=model, number=n)
    assert parse_path(layout.alias_path(model, name)) == Located("alias", model=model, name=name)
    assert parse_path(layout.deployment_path(model, name)) == Located(
        "deployment", target=model, name=name
    )
    assert parse_path(layout.approval_path(model, name)) == Located(
        "approval", target=model, name=name
    )


@given(some_names, moments, some_ids, st.data())
def test_any_other_path_is_none(name: str, start: int, run_id: str, data: st.DataObject) -> None:
    """A path that is accepted is one that some function makes from what it was taken apart into."""
    folder = layout.run_folder(layout.folder_name(name), start, run_id)
    path = f"{folder}/{data.draw(st.sampled_from(['run.yaml', 'metrics.csv', 'files/a']))}"
    at = data.draw(st.integers(0, len(path)))
    char = data.draw(st.sampled_from(["", *"/.~-_aA0 \\:\n\x00é"]))
    changed = path[:at] + char + path[at + data.draw(st.integers(0, 2)) :]
    found = parse_path(changed)
    if found is not None and found.folder:
        assert changed == f"{found.folder}/{found.name}"
        day, shard, part = found.folder.split("/")[2:]
        if "~" not in found.run_id:
            start = times.from_iso(f"{day}T{part[:2]}:{part[2:4]}:{part[4:6]}.000Z")
            make = layout.model_folder if found.run_id[:2] == "m-" else layout.run_folder
            assert make(found.experiment_folder, start, found.run_id) == found.folder
        assert len(shard) == 1


@pytest.mark.parametrize(
    "path",
    [
        "",
        "run.yaml",
        "runs/churn",
        "runs/con/experiment.yaml",
        "runs/Churn/experiment.yaml",
        "runs/churn/experiment.yml",
        "runs/../experiment.yaml",
        f"/{RUN}/run.yaml",
        f"{RUN}/run.yaml\n",
        f"{RUN}/",
        f"{RUN}/files/",
        f"{RUN}/files/a//b",
        f"{RUN}/files/../x",
        f"{RUN}/files/.git/config",
        f"{RUN}/files/con.txt",
        f"{RUN}/files/a.",
        f"{RUN}/files/a b",
        f"{RUN}/files/git~1",
        f"{RUN}/metrics.A-1.csv",
        f"{RUN}/metrics.a-01.csv",
        f"{RUN}/other.yaml",
        RUN.replace("/b/", "/a/") + "/run.yaml",
        RUN.replace("11-23", "02-30") + "/run.yaml",
        RUN.replace("2026-11-23", "1969-12-31") + "/run.yaml",
        RUN.replace("081451", "246060") + "/run.yaml",
        RUN.replace("4f1c", "4F1C") + "/run.yaml",
        "registry/models/a/versions/0.yaml",
        "registry/models/a/versions/01.yaml",
        "registry/models/a/aliases/con.yaml",
        "registry/models/a.b/model.yaml",
    ],
)
def test_what_no_function_makes_is_none(path: str) -> None:
    assert parse_path(path) is None


def test_the_single_files_are_known() -> None:
    paths = [layout.ATTRIBUTES, layout.SETTINGS, layout.README, layout.POLICY]
    kinds = [
        found.kind for path in [*paths, layout.TRUST, layout.EPOCH] if (found := parse_path(path))
    ]
    assert kinds == ["attributes", "settings", "readme", "policy", "trust", "epoch"]


@pytest.mark.parametrize("start", [-1, times.MAX_TIME_MS + 1])
def test_a_run_cannot_start_outside_the_calendar(start: int) -> None:
    with pytest.raises(errors.InvalidValue):
        layout.run_folder("churn", start, "4f1c9e20aa11bb22")


@pytest.mark.parametrize(
    ("writer", "number"), [("A", 1), ("a-b", 1), ("../x", 1), ("a" * 33, 1), ("a", -1)]
)
def test_a_segment_needs_a_plain_writer(writer: str, number: int) -> None:
    with pytest.raises(errors.InvalidValue):
        layout.segment_name(writer, number)


def test_segments_are_told_from_other_files() -> None:
    names = ["metrics.csv", "metrics.a0-3.csv", "metrics.a0.csv", "metrics.csv.bak", "xmetrics.csv"]
    assert [layout.is_segment(name) for name in names] == [True, True, False, False, False]
