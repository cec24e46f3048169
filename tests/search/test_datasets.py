"""The datasets of experiments, each once."""

from __future__ import annotations

from pathlib import Path

import mlgit
from mlgit import MlgitClient
from mlgit.entities.values import Dataset, DatasetInput, InputTag
from mlgit.search.index import Index
from mlgit.store.store import Store


def test_each_dataset_is_named_once_and_those_of_deleted_runs_not(repo: Path) -> None:
    Store.init(repo)
    client = MlgitClient()
    runs = []
    for number in range(3):
        with mlgit.start_run() as run:
            runs.append(run.info.run_id)
            used = Dataset("train", f"d{number // 2}", "local", "{}")
            client.log_inputs(
                run.info.run_id, [DatasetInput(used, [InputTag("mlflow.data.context", "training")])]
            )
    index = Index(client.tracker.store)
    assert index.datasets(["0"]) == [
        ("0", "train", "d0", "training"),
        ("0", "train", "d1", "training"),
    ]
    client.delete_run(runs[2])
    assert index.datasets(["0"]) == [("0", "train", "d0", "training")]
    assert index.datasets(["0"], most=0) == []
    assert index.datasets([]) == []
    assert index.datasets(["x' OR 1=1 --"]) == []
