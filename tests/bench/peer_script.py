"""What the peer does, timed from inside; run by the peer's own Python, imports nothing of ours."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import statistics
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import mlflow

METRICS = ("acc", "loss", "f1", "auc", "precision", "recall", "val_loss", "val_acc", "time", "mem")
PARAMS = ("lr", "batch", "epochs", "opt", "seed", "dropout", "decay", "arch", "augment", "warmup")


def log_metric(calls: int) -> dict[str, float]:
    """Median seconds of one call, by blocks of 50."""
    with mlflow.start_run():
        mlflow.log_metric("loss", 1.0, step=0)
        blocks = []
        for block in range(calls // 50):
            began = time.perf_counter()
            for number in range(50):
                mlflow.log_metric("loss", 0.5, step=block * 50 + number)
            blocks.append((time.perf_counter() - began) / 50)
    return {"call": statistics.median(blocks)}


def log_metrics(calls: int) -> dict[str, float]:
    """Median seconds of one call with 20 metrics."""
    values = {f"metric_{rank}": 0.5 for rank in range(20)}
    taken = []
    with mlflow.start_run():
        for step in range(calls):
            began = time.perf_counter()
            mlflow.log_metrics(values, step=step)
            taken.append(time.perf_counter() - began)
    return {"call": statistics.median(taken)}


def small_runs(count: int) -> dict[str, Any]:
    """Seconds of each of `count` runs from start to end: 10 parameters, 5 metrics, an artifact."""
    mlflow.set_experiment("churn")
    taken = []
    for number in range(count):
        began = time.perf_counter()
        with mlflow.start_run(run_name=f"run-{number}"):
            mlflow.log_params(dict.fromkeys(PARAMS, number))
            mlflow.log_metrics(dict.fromkeys(METRICS[:5], number / 7), step=1)
            mlflow.set_tags({"stage": "dev", "gpu": "a100"})
            mlflow.log_text("the notes of a run\n", "notes.txt")
        taken.append(time.perf_counter() - began)
    return {"runs": taken}


def history(points: int) -> dict[str, float]:
    """Seconds to log a history in batches of 1,000 and to read it back."""
    client = mlflow.MlflowClient()
    run = client.create_run("0")
    began = time.perf_counter()
    for start in range(0, points, 1000):
        batch = [
            mlflow.entities.Metric("loss", 1 / (step + 1), 1_700_000_000_000 + step, step)
            for step in range(start, start + 1000)
        ]
        client.log_batch(run.info.run_id, metrics=batch)
    logged = time.perf_counter() - began
    began = time.perf_counter()
    found = client.get_metric_history(run.info.run_id, "loss")
    read = time.perf_counter() - began
    assert len(found) == points
    return {"logged": logged, "read": read}


def populate(runs: int) -> dict[str, int]:
    """Rows of `runs` runs straight into its sqlite store: its own calls would take too long."""
    mlflow.set_experiment("churn")
    experiment = mlflow.get_experiment_by_name("churn").experiment_id
    with mlflow.start_run():
        pass
    uri = os.environ["MLFLOW_TRACKING_URI"].removeprefix("sqlite:///")
    chance = random.Random(0)
    base = sqlite3.connect(uri)
    for number in range(runs):
        _insert_run(base, chance, experiment, number)
    base.commit()
    base.close()
    return {"runs": runs}


def _insert_run(
    base: sqlite3.Connection, chance: random.Random, experiment: str, number: int
) -> None:
    run = f"{chance.getrandbits(128):032x}"
    start = 1_700_000_000_000 + number
    fixed = {
        "run_uuid": run,
        "name": f"run-{number}",
        "source_type": "LOCAL",
        "source_name": "train.py",
        "entry_point_name": "",
        "user_id": "ann",
        "status": "FINISHED",
        "start_time": start,
        "end_time": start + 1000,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"/tmp/{run}",
        "experiment_id": experiment,
    }
    _insert(base, "runs", fixed)
    for key in PARAMS:
        value = str(chance.choice((0.1, 0.03, 0.01, 0.003, 0.001)))
        _insert(base, "params", {"key": key, "value": value, "run_uuid": run})
    for key, value in (("mlflow.runName", f"run-{number}"), ("stage", "dev"), ("gpu", "a100")):
        _insert(base, "tags", {"key": key, "value": value, "run_uuid": run})
    for key in METRICS:
        point = {"key": key, "value": chance.random(), "timestamp": start, "run_uuid": run}
        point.update(step=1, is_nan=False)
        _insert(base, "metrics", point)
        _insert(base, "latest_metrics", point)


def _insert(base: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    base.execute(f"insert into {table} ({names}) values ({marks})", tuple(row.values()))


def search(repeats: int) -> dict[str, Any]:
    """Seconds of the first and of a later search: filter, order, best 100."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("churn").experiment_id
    taken = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        found = client.search_runs(
            [experiment],
            "metrics.acc > 0.9 and params.lr = '0.1'",
            order_by=["metrics.acc DESC"],
            max_results=100,
        )
        taken.append(time.perf_counter() - began)
    return {"first": taken[0], "warm": statistics.median(taken[1:]), "found": len(found)}


def frame() -> dict[str, float]:
    """Seconds of all runs as a DataFrame."""
    began = time.perf_counter()
    found = mlflow.search_runs(experiment_names=["churn"], max_results=1_000_000)
    return {"seconds": time.perf_counter() - began, "rows": len(found)}


def _one_of_many(runs: int) -> list[float]:
    mlflow.set_experiment("churn")
    return list(small_runs(runs)["runs"])


def _warm_up(_: int) -> None:
    """One run, and a pause in which every other writer has started, too."""
    _one_of_many(1)
    time.sleep(0.5)


def concurrent(processes: int, runs: int) -> dict[str, float]:
    """`processes` writers of `runs` runs each: runs per second and the slowest of a hundred."""
    mlflow.set_experiment("churn")
    context = get_context("spawn")
    with context.Pool(processes) as pool:
        pool.map(_warm_up, range(processes), chunksize=1)
        began = time.perf_counter()
        parts = pool.map(_one_of_many, [runs] * processes, chunksize=1)
        wall = time.perf_counter() - began
    taken = sorted(one for part in parts for one in part)
    return {"rate": len(taken) / wall, "p99": taken[int(len(taken) * 0.99)]}


def disk(runs: int) -> dict[str, float]:
    """Bytes a small run takes."""
    small_runs(5)
    before = _bytes()
    small_runs(runs)
    return {"bytes": (_bytes() - before) / runs}


def artifacts(folder: str, target: str) -> dict[str, float]:
    """Seconds to log a folder of files to an S3 bucket and to download it."""
    experiment = mlflow.create_experiment("files", "s3://bench/mlflow")
    with mlflow.start_run(experiment_id=experiment) as run:
        began = time.perf_counter()
        mlflow.log_artifacts(folder)
        up = time.perf_counter() - began
    began = time.perf_counter()
    mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=target)
    down = time.perf_counter() - began
    assert len(list(Path(target).rglob("*.bin"))) == len(list(Path(folder).rglob("*.bin")))
    return {"up": up, "down": down}


def _bytes() -> int:
    return sum(file.stat().st_blocks * 512 for file in Path.cwd().rglob("*") if file.is_file())


if __name__ == "__main__":
    result = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(result) + "\n")
