"""kill -9 at the system calls that change the disk, for every way a run reaches the branch.

A sample of the calls in the everyday run, every one of them in the full one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, python, recorded
from tests.support.repos import footprint
from tests.support.sweep import KillPoint, sweep

SAMPLES = [5, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(3000)])]

LOG_RUN = [sys.executable, "-m", "mlgit", "log-run", "-p", "lr=0.1", "-m", "acc=0.9"]

TRAIN = """
import os, mlgit
def told(text):
    os.write(told.file, text.encode() + b"\\n")
told.file = os.open(".git/mlgit/told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
with mlgit.start_run() as run:
    mlgit.log_param("lr", 0.1)
    told("param")
    for step in range(3):
        mlgit.log_metric("loss", 1.0 / (step + 1), step=step)
        told("point")
    mlgit.log_text("weights", "model.txt")
    told("artifact")
told("finished")
"""

ABANDON = """
import os, mlgit
run = mlgit.start_run()
mlgit.log_metric("loss", 0.5, step=0)
print(run.info.run_id, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("sample", SAMPLES)
def test_log_run(tmp_path: Path, sample: int | None) -> None:
    prepared = make_store(tmp_path / "project")
    (prepared / "model.bin").write_bytes(bytes(200_000))
    before = footprint(prepared)

    def oracle(place: Path, _: KillPoint) -> None:
        assert len(recorded(place)) in (1, 2)
        assert_sound(place, before)

    killed = sweep(prepared, [*LOG_RUN, "-a", "model.bin"], oracle, sample=sample)
    assert killed


@pytest.mark.parametrize("sample", SAMPLES)
def test_start_run_to_end_run(tmp_path: Path, sample: int | None) -> None:
    prepared = make_store(tmp_path / "project")
    before = footprint(prepared)

    def oracle(place: Path, _: KillPoint) -> None:
        told = place / ".git/mlgit/told"
        said = told.read_text().split() if told.exists() else []
        mine = [run for run in recorded(place).values() if run["name"] != "earlier-0"]
        assert len(mine) == (1 if said else len(mine)) <= 1
        for run in mine:
            metrics, params, summaries = run["metrics"], run["params"], run["summaries"]
            assert isinstance(metrics, dict)
            assert isinstance(params, dict)
            assert isinstance(summaries, dict)
            assert "param" not in said or params == {"lr": "0.1"}
            assert summaries.get("loss", {"count": 0})["count"] >= said.count("point")
            assert "finished" not in said or run["status"] == "FINISHED"
        assert_sound(place, before)

    sweep(prepared, [sys.executable, "-c", TRAIN], oracle, sample=sample)


@pytest.mark.parametrize("sample", SAMPLES)
def test_recovery(tmp_path: Path, sample: int | None) -> None:
    prepared = make_store(tmp_path / "project")
    before = footprint(prepared)
    said, _ = python(prepared, ABANDON).communicate()
    run_id = said.strip()

    def oracle(place: Path, _: KillPoint) -> None:
        run = recorded(place)[run_id]
        assert run["status"] in {"FAILED", "KILLED"}
        assert run["metrics"] == {"loss": 0.5}
        assert_sound(place, before, [run_id])

    killed = sweep(prepared, [sys.executable, "-m", "mlgit", "recover"], oracle, sample=sample)
    assert killed
