"""What each tool leaves on a disk, written by hand as the tool writes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from mlgit.bridges.sources.dvclive import DvcLive
from mlgit.bridges.sources.mlflow import open_mlflow
from mlgit.bridges.sources.sacred import Sacred
from mlgit.bridges.sources.source import Source
from mlgit.bridges.sources.table import Table
from mlgit.bridges.sources.trackio import Trackio
from tests.support.repos import git, make_repo

Make = Callable[[Path], Source]
LOSSES = (1.0, 0.5, 0.25)


def csv_of_steps(place: Path) -> Source:
    path = place / "demo.csv"
    rows = [f"first,{step},{loss},0.1" for step, loss in enumerate(LOSSES)]
    path.write_text("\n".join(["run,step,loss,lr", *rows]) + "\n")
    return Table(path)


def sacred(place: Path) -> Source:
    run = place / "demo" / "1"
    run.mkdir(parents=True)
    times = [f"2026-01-02T03:04:0{step}.000000" for step in range(3)]
    series = {"steps": [0, 1, 2], "timestamps": times, "values": list(LOSSES)}
    record = {
        "experiment": {"name": "demo", "mainfile": "train.py"},
        "status": "COMPLETED",
        "start_time": times[0],
        "stop_time": times[2],
        "host": {"hostname": "gpu-1"},
        "result": 3.5,
    }
    (run / "run.json").write_text(json.dumps(record))
    (run / "config.json").write_text(json.dumps({"lr": 0.1, "seed": 3}))
    (run / "metrics.json").write_text(json.dumps({"loss": series}))
    (run / "cout.txt").write_text("hello\n")
    return Sacred(run.parent)


def trackio(place: Path) -> Source:
    path = place / "demo.db"
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT,"
            " step INTEGER, metrics TEXT)"
        )
        base.execute("CREATE TABLE configs (id INTEGER PRIMARY KEY, run_name TEXT, config TEXT)")
        for step, loss in enumerate(LOSSES):
            row = (f"2026-01-02T03:04:0{step}+00:00", "first", step, json.dumps({"loss": loss}))
            base.execute(
                "INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?,?,?,?)", row
            )
        config = json.dumps({"lr": 0.1, "_Username": "ada"})
        base.execute("INSERT INTO configs (run_name, config) VALUES (?, ?)", ("first", config))
    base.close()
    return Trackio(path)


def dvclive_files(place: Path) -> None:
    (place / "dvclive/plots/metrics").mkdir(parents=True)
    rows = "".join(f"{step}\t{loss}\n" for step, loss in enumerate(LOSSES))
    (place / "dvclive/plots/metrics/loss.tsv").write_text(f"step\tloss\n{rows}")
    (place / "dvclive/metrics.json").write_text(json.dumps({"loss": LOSSES[-1], "step": 2}))
    (place / "dvclive/params.yaml").write_text("lr: 0.1\n")


def dvclive(place: Path) -> Source:
    (place / "demo").mkdir()
    dvclive_files(place / "demo")
    return DvcLive(place / "demo")


def dvc_experiments(place: Path) -> Source:
    """A commit below `refs/exps/` that no branch has, and nothing in the work tree."""
    root = make_repo(place / "demo")
    base = git(root, "rev-parse", "HEAD").stdout.strip()
    dvclive_files(root)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "dvc: commit experiment")
    git(root, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/bold-fox", "HEAD")
    git(root, "update-ref", "refs/exps/exec/EXEC_HEAD", "HEAD")
    git(root, "reset", "-q", "--hard", base)
    return DvcLive(root)


def mlflow_files(place: Path) -> Source:
    write_mlruns(place / "mlruns")
    return open_mlflow(str(place / "mlruns"))


def write_mlruns(root: Path, run_id: str = "0a" * 16) -> Path:
    """A file store with one experiment of one run; the folder of the run."""
    run = root / "12" / run_id
    for name in ("metrics", "params", "tags", "artifacts/plots"):
        (run / name).mkdir(parents=True, exist_ok=True)
    (root / "12/meta.yaml").write_text(
        "experiment_id: '12'\nname: demo\nlifecycle_stage: active\ncreation_time: 1700000000000\n"
    )
    (run / "meta.yaml").write_text(
        f"run_id: {run_id}\nrun_uuid: {run_id}\nexperiment_id: '12'\nrun_name: first\nstatus: 3\n"
        "start_time: 1700000000000\nend_time: 1700000009000\nlifecycle_stage: active\n"
        f"user_id: ada\nartifact_uri: file:///elsewhere/mlruns/12/{run_id}/artifacts\n"
    )
    lines = [f"170000000{step}000 {loss} {step}\n" for step, loss in enumerate(LOSSES)]
    (run / "metrics/loss").write_text("".join(lines))
    (run / "params/lr").write_text("0.1")
    (run / "tags/team").write_text("risk")
    (run / "artifacts/plots/a.txt").write_text("a plot")
    return run


MADE: dict[str, Make] = {
    "csv": csv_of_steps,
    "sacred": sacred,
    "trackio": trackio,
    "dvclive": dvclive,
    "dvc": dvc_experiments,
    "mlflow": mlflow_files,
}
