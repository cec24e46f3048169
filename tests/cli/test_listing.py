"""The list of runs: which columns, in which order, what is marked, what is said below."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.cli.columns import every_column, metric_order, usual_columns
from mlgit.cli.listing import best_of
from mlgit.runs.begin import RunRequest, start
from mlgit.store.store import Store
from tests.cli.harness import Ticking, done, mlgit, ticking


def run(number: int, **fields: object) -> dict[str, object]:
    base = {"id": f"{number:016x}", "name": f"run-{number}", "experiment": "churn"}
    base["start"] = f"2026-11-23T08:00:{number:02}.000Z"
    empty: dict[str, object] = {"metrics": {}, "params": {}, "tags": {}, "status": "FINISHED"}
    return {**base, **empty, **fields}


def test_metrics_come_before_varying_parameters_and_constant_ones_are_counted() -> None:
    runs = [
        run(number, metrics={"acc": number}, params={"lr": str(number), "model": "gbdt"})
        for number in (1, 2)
    ]
    chosen = usual_columns(runs, "acc")
    assert list(chosen.paths) == ["metrics.acc", "params.lr"]
    assert chosen.hidden() == "Hidden: 1 constant parameter (--columns all)."


def test_a_single_run_shows_all_its_parameters() -> None:
    assert usual_columns([run(1, params={"lr": "1"})], "").paths == ["params.lr"]


def test_a_parameter_that_some_lack_varies() -> None:
    runs = [run(1, params={"lr": "1"}), run(2)]
    assert usual_columns(runs, "").paths == ["params.lr"]


def test_the_experiment_is_a_column_only_where_there_are_several() -> None:
    assert usual_columns([run(1), run(2, experiment="other")], "").paths == ["experiment"]
    assert usual_columns([run(1), run(2)], "").paths == []


def test_common_and_held_out_metrics_come_first_and_system_metrics_never() -> None:
    runs = [run(1, metrics={"acc": 1, "val_acc": 1, "system/cpu": 1, "rare": 1})]
    runs += [run(number, metrics={"acc": 1, "val_acc": 1}) for number in range(2, 20)]
    assert metric_order(runs, "") == ["val_acc", "acc", "rare"]
    assert metric_order(runs, "rare")[0] == "rare"


def test_many_columns_are_cut_and_counted() -> None:
    runs = [
        run(
            number,
            metrics={f"m{i}": 1 for i in range(9)},
            params={f"p{i}": str(number) for i in range(9)},
        )
        for number in (1, 2)
    ]
    chosen = usual_columns(runs, "m5")
    assert len(chosen.paths) == 4 + 6
    assert chosen.more == 5 + 3
    assert len(every_column(runs).paths) == 5 + 18


@pytest.mark.parametrize(
    ("metric", "values", "winner"),
    [
        ("acc", [0.1, 0.9], 2),
        ("val_loss", [0.1, 0.9], 1),
        ("acc", [0.1, float("nan")], None),
        ("acc", [0.1, None], None),
        ("acc", [0.1, 0.9, float("inf")], 2),
        ("loss", [0.1, 0.9, float("-inf")], 1),
        ("acc", [0.1, float("inf")], None),
        ("acc", [0.9, 0.9, 0.1], 2),
    ],
)
def test_the_best_run(metric: str, values: list[float | None], winner: int | None) -> None:
    runs = [
        run(number, metrics={} if value is None else {metric: value})
        for number, value in enumerate(values, 1)
    ]
    assert best_of(runs, metric) == ("" if winner is None else f"{winner:016x}")


def test_a_failed_run_is_never_the_best() -> None:
    runs = [
        run(1, metrics={"acc": 9}, status="FAILED"),
        run(2, metrics={"acc": 1}),
        run(3, metrics={"acc": 0}),
    ]
    assert best_of(runs, "acc") == f"{2:016x}"


@pytest.fixture
def clock(repo: Path) -> Iterator[Ticking]:
    assert repo.exists()
    with ticking() as clock:
        done("init")
        for number in range(25):
            clock.tick()
            done("log-run", "--name", f"run-{number}", "-m", f"acc={number}", "-p", f"lr={number}")
        yield clock


@pytest.mark.usefixtures("clock")
def test_a_table_shows_twenty_a_pipe_all() -> None:
    table = mlgit("runs", "--table")
    assert len(table.stdout.splitlines()) == 1 + 20
    assert "… 5 more (--all)." in table.stderr
    assert len(done("runs", "--table", "--all").splitlines()) == 1 + 25
    assert len(done("runs", "--table", "-n", "3").splitlines()) == 1 + 3
    assert len(done("runs").splitlines()) == 25
    assert len(json.loads(done("runs", "--json", "-n", "2"))) == 2


@pytest.mark.usefixtures("clock")
def test_sorting_by_bare_and_full_names() -> None:
    for order, first in (
        ("-acc", "run-24"),
        ("acc", "run-0"),
        ("-params.lr", "run-24"),
        ("name", "run-0"),
    ):
        assert done("runs", "--sort", order, "-n", "1", "--format", "{name}") == f"{first}\n"


def test_runs_of_this_machine_are_there_while_they_run(clock: Ticking, repo: Path) -> None:
    clock.tick()
    with Store.open(repo) as store:
        active = start(store, "churn", RunRequest(name="under-way"))
        active.log_metric("acc", 100.0)
        first = done("runs", "--table", "-n", "1").splitlines()[1]
        assert first.startswith("▶  under-way  now")
        assert "status      RUNNING" in done("show", "under-way", "--table")
        assert "still being logged to" in mlgit("rm", "under-way").stderr
        active.finish()
    assert "FINISHED" in done("runs", "-n", "1")


def test_a_damaged_record_is_named_and_the_others_are_shown(clock: Ticking, repo: Path) -> None:
    clock.tick()
    with Store.open(repo) as store, store.change("damage") as change:
        (folder,) = list(store.snapshot().run_folders())[:1]
        change.put(f"{folder}/run.yaml", b"not: [a run")
    shown = mlgit("runs")
    assert len(shown.stdout.splitlines()) == 24
    assert "1 record left out that cannot be read" in shown.stderr
    assert "hint: mlgit check" in shown.stderr
    checked = mlgit("check")
    assert checked.code == 6
    assert f"{folder}/run.yaml" in checked.stdout
