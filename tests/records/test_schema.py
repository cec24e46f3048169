"""The schema against documents by name, and against the loaders of the records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlgit import errors
from mlgit.records import artifact, experiment, inputs, logged_model, run, run_yaml, settings
from mlgit.records.schema import validate, validate_file
from mlgit.records.schema_rules import Section
from mlgit.records.schema_table import KINDS
from tests.records.documents import CHECKED, INVALID, VALID

LOADERS: dict[str, Callable[[bytes], Any]] = {
    "run": run.load_run,
    "experiment": lambda data: experiment.load_experiment(data, "a"),
    "inputs": inputs.load_inputs,
    "artifacts": artifact.load_manifest,
    "logged-model": logged_model.load_logged_model,
    "settings": settings.load_settings,
}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_document_has_no_problem_and_loads(name: str) -> None:
    kind, text = VALID[name]
    assert validate_file(kind, text.encode()) == []
    if kind in LOADERS and name != "run: purged":
        LOADERS[kind](text.encode())


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_document_is_refused_with_the_reason(name: str) -> None:
    kind, text, reason = INVALID[name]
    assert reason in str(validate_file(kind, text.encode())[0])
    with pytest.raises(errors.Damaged) as caught:
        LOADERS[kind](text.encode())
    assert reason.partition(": ")[2] in caught.value.message or reason in caught.value.message
    assert "Traceback" not in caught.value.message


@pytest.mark.parametrize("name", CHECKED)
def test_check_finds_what_a_reader_does_not_need(name: str) -> None:
    kind, text, reason = CHECKED[name]
    assert reason in str(validate_file(kind, text.encode())[0])


def test_every_problem_is_listed_with_its_line() -> None:
    text = b"id: x\nname: a\nexperiment: 0\nstart: 5\nmetrics:\n  a:\n    last: x\n    step: 1\n"
    found = [(problem.key, problem.line) for problem in validate_file("run", text)]
    assert found == [("", None), ("start", 4), ("metrics.a", 6), ("metrics.a.last", 7)]


def test_a_problem_reads_as_a_sentence() -> None:
    assert str(validate("artifacts", {"artifacts": 5})[0]) == "artifacts: expected a list, not 5"


def test_every_kind_of_file_has_valid_documents() -> None:
    named = {kind for kind, _ in VALID.values()} | {kind for kind, _, _ in CHECKED.values()}
    assert named == set(KINDS)


def keys(rule: object) -> frozenset[str]:
    assert isinstance(rule, Section)
    return frozenset(rule.fields)


def test_loaders_know_the_keys_of_the_schema() -> None:
    assert keys(KINDS["run"]) == run_yaml._KEYS
    assert keys(KINDS["run"].fields["code"]) == run_yaml._CODE
    assert keys(KINDS["run"].fields["source"]) == run_yaml._SOURCE
    assert keys(KINDS["experiment"]) == experiment._KEYS
    assert keys(KINDS["inputs"]) == inputs._KEYS
    assert keys(KINDS["artifacts"]) == artifact._KEYS
    assert keys(KINDS["logged-model"]) == logged_model._KEYS
    assert keys(KINDS["settings"]) == settings._KEYS
