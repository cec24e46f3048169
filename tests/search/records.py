"""Records for the tests of search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlgit.records import layout
from mlgit.records.experiment import Experiment, dump_experiment
from mlgit.records.run import MetricSummary, Run, RunStatus, dump_run
from mlgit.store.store import Store

T0 = 1_795_392_000_000  # 2026-11-23T00:00:00Z
CHURN = Experiment(layout.experiment_id("churn"), "churn", "churn", T0, T0)


def a_run(number: int, metrics: Mapping[str, float] | None = None, **fields: Any) -> Run:
    """A finished run; a later number is a later start."""
    given: dict[str, Any] = {
        "id": f"{number:016x}",
        "name": f"run-{number}",
        "experiment_id": CHURN.id,
        "status": RunStatus.FINISHED,
        "start": T0 + number * 1000,
        "end": T0 + number * 1000 + 500,
        "metrics": {key: summary(value) for key, value in (metrics or {}).items()},
    }
    return Run(**{**given, **fields})


def summary(value: float) -> MetricSummary:
    return MetricSummary(value, 0, T0, value, value, 1)


def publish(store: Store, *runs: Run) -> list[str]:
    """Put runs on the branch, in one commit; their folders."""
    folders = [layout.run_folder(CHURN.folder, run.start, run.id) for run in runs]
    with store.change("some runs") as change:
        change.put(layout.experiment_path(CHURN.folder), dump_experiment(CHURN))
        for folder, run in zip(folders, runs, strict=True):
            change.put(f"{folder}/{layout.RUN}", dump_run(run))
    return folders
