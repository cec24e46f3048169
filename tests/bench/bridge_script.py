"""The same calls of MLflow's client on any store, timed; run by a Python that has MLflow.

`python bridge_script.py NAME URI` prints milliseconds by row, the median of several.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

QUESTIONS: dict[str, dict[str, Any]] = {
    "newest 100": {},
    "one metric and one parameter, by another": {
        "filter_string": "metrics.acc > 0.5 and params.opt = 'adam'",
        "order_by": ["metrics.loss ASC"],
    },
    "most runs, by a metric": {
        "filter_string": "metrics.acc > 0.1",
        "order_by": ["metrics.f1 DESC"],
    },
    "part of a name": {"filter_string": "attributes.run_name LIKE '%otter-9%'"},
    "a tag": {"filter_string": "tags.stage = 'prod' and status = 'FINISHED'"},
}


_ENOUGH = 20.0  # seconds, after which a call is not made again


def median(call: Callable[[int], object], repeats: int) -> float:
    """Milliseconds of a call; the first is not counted."""
    call(0)
    taken: list[float] = []
    for number in range(1, repeats + 1):
        began = time.perf_counter()
        call(number)
        taken.append(time.perf_counter() - began)
        if sum(taken) > _ENOUGH:
            break
    return statistics.median(taken) * 1e3


def writing(uri: str) -> dict[str, float]:
    """Runs, points and batches."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    client = MlflowClient(uri, uri)
    experiment = client.create_experiment("bench")
    metrics = [Metric(f"m{key}", key / 7, 1_700_000_000_000, 0) for key in range(10)]
    params = [Param(f"p{key}", str(key)) for key in range(10)]
    tags = [RunTag(f"t{key}", "x") for key in range(3)]

    def small(number: int) -> None:
        run_id = client.create_run(experiment, run_name=f"run-{number}").info.run_id
        client.log_batch(run_id, metrics, params, tags)
        client.set_terminated(run_id)

    long = client.create_run(experiment).info.run_id

    def points(key: str, number: int, count: int) -> None:
        first = number * count
        some = [
            Metric(key, step / 7, 1_700_000_000_000 + step, step)
            for step in range(first, first + count)
        ]
        client.log_batch(long, some)

    return {
        "a small run": median(small, 30),
        "log_metric": median(lambda step: client.log_metric(long, "loss", 0.5, step=step), 500),
        "log_batch of 100": median(lambda number: points("a", number, 100), 30),
        "log_batch of 1,000": median(lambda number: points("b", number, 1_000), 10),
        "get_metric_history": median(lambda _: client.get_metric_history(long, "b"), 5),
    }


def reading(uri: str) -> dict[str, float]:
    """Searches of all experiments."""
    from mlflow import MlflowClient

    client = MlflowClient(uri, uri)
    ids = [one.experiment_id for one in client.search_experiments()]

    def search(question: dict[str, Any], _: int) -> object:
        return client.search_runs(ids, max_results=100, **question)

    return {name: median(partial(search, question), 7) for name, question in QUESTIONS.items()}


def serving(url: str) -> dict[str, float]:
    """What the pages of a server ask it for: the table of runs, and a chart of ten of them."""
    found = _post(f"{url}/api/2.0/mlflow/experiments/search", {"max_results": 100})
    ids = [one["experiment_id"] for one in found["experiments"]]
    asked = {"experiment_ids": ids, "max_results": 100, "filter": "metrics.acc > 0.5"}
    runs = _post(f"{url}/api/2.0/mlflow/runs/search", asked)["runs"][:10]
    chosen = "&".join(f"run_ids={one['info']['run_id']}" for one in runs)
    chart = f"{url}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?metric_key=acc&{chosen}"
    return {
        "server: runs/search": median(
            lambda _: _post(f"{url}/api/2.0/mlflow/runs/search", asked), 15
        ),
        "server: get-history-bulk-interval": median(lambda _: _get(chart), 15),
    }


def _post(url: str, body: dict[str, Any]) -> Any:
    head = {"Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(url, json.dumps(body).encode(), head)
    ) as reply:
        return json.load(reply)


def _get(url: str) -> Any:
    with urllib.request.urlopen(url) as reply:
        return json.load(reply)


if __name__ == "__main__":
    json.dump(globals()[sys.argv[1]](sys.argv[2]), sys.stdout)
