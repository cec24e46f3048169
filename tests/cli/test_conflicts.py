"""Conflicts as the command line shows and asks about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlgit.records import layout, text
from mlgit.store.store import Store
from tests.cli.harness import done, mlgit


@pytest.fixture
def contested(repo: Path) -> str:
    """A run with a parameter in conflict, and a setting; its name."""
    done("init")
    done("log-run", "-e", "churn", "--name", "otter", "-p", "lr=0.1", "-m", "acc=0.9")
    with Store.open(repo) as store:
        snapshot = store.snapshot()
        [folder] = snapshot.run_folders()
        path = f"{folder}/{layout.RUN}"
        doc = text.load(snapshot.read(path) or b"")
        doc["params"]["lr"] = {"base": 0.1, "sides": [0.2, "\x1b[2Jevil"]}
        with store.change("merge: a test") as change:
            change.put(path, text.dump(doc))
            settings = {"format": 1, "limits": {"patch": {"sides": [1, 2]}}}
            change.put(layout.SETTINGS, text.dump(settings))
        store.cache.joinpath("contested.txt").write_text(f"{snapshot.commit.decode()}\n")
    return "otter"


def test_a_run_is_named_by_its_name_and_hostile_text_is_escaped(contested: str) -> None:
    shown = done("conflicts", tty=True)
    assert f"{contested}:params.lr" in shown
    assert "\x1b[2J" not in shown
    assert "\\x1b[2Jevil" in shown


def test_all_that_is_known_is_in_the_document(contested: str) -> None:
    setting, run = json.loads(done("conflicts", "--json"))
    assert setting["what"] == "mlgit.yaml:limits.patch"
    assert setting["base"] is None
    assert (run["what"], run["field"], run["base"]) == (f"{contested}:params.lr", "params.lr", 0.1)
    assert [side["take"] for side in run["sides"]] == [1, 2]


def test_show_says_that_a_value_is_in_conflict(contested: str) -> None:
    assert "in conflict params.lr (mlgit conflicts)" in done("show", contested, tty=True)


def test_a_person_is_asked_about_each(contested: str) -> None:
    asked = mlgit("resolve", tty=True, stdin="2\nbase\n")
    assert asked.code == 0, asked.stderr
    assert "mlgit.yaml:limits.patch is 2 now" in asked.stderr
    assert f"{contested}:params.lr is 0.1 now" in asked.stderr
    assert json.loads(done("conflicts", "--json")) == []


def test_nobody_is_asked_where_nobody_can_answer(contested: str) -> None:
    assert mlgit("resolve", f"{contested}:params.lr").code == 2
    assert mlgit("resolve", "--take", "1").code == 2
    assert len(json.loads(done("conflicts", "--json"))) == 2


def test_a_value_of_ones_own_is_written_as_a_parameter_is(contested: str) -> None:
    done("resolve", f"{contested}:params.lr", "--value", "1e-05")
    assert json.loads(done("show", contested, "--json"))["params"]["lr"] == "1e-05"
    assert mlgit("resolve", f"{contested}:params.lr", "--value", "2").code == 3


def test_a_base_that_is_not_there_cannot_be_taken(contested: str) -> None:
    refused = mlgit("resolve", "mlgit.yaml:limits.patch", "--take", "base")
    assert refused.code == 2
    assert "1 to 2" in refused.stderr
    assert contested


def test_strict_fails_until_all_is_decided(contested: str) -> None:
    assert mlgit("conflicts", "--strict").code == 4
    done("resolve", f"{contested}:params.lr", "--take", "1")
    done("resolve", "mlgit.yaml:limits.patch", "--take", "1")
    assert mlgit("conflicts", "--strict").code == 0
