"""What this process has chosen: the store, the experiment, and the run of each thread."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import tracker as trackers
from mlgit.client import MlgitClient
from mlgit.client.experiments import DEFAULT_EXPERIMENT, experiment_of
from mlgit.runs.experiments import find_or_new

if TYPE_CHECKING:
    from mlgit.api.active import ActiveRun
    from mlgit.records.experiment import Experiment
    from mlgit.tracker import Tracker


@dataclass
class _Chosen:
    """What the program has said; `place` is None where the current directory decides."""

    place: Path | None = None
    system_metrics: bool = False
    sampling_interval: float = 10.0  # seconds


class _Stacks(threading.local):
    """Each thread's active runs, innermost last, and the id of the last run it ended."""

    def __init__(self) -> None:
        self.runs: list[ActiveRun] = []
        self.last_id = ""


chosen = _Chosen()
stacks = _Stacks()
under_way: list[ActiveRun] = []  # of all threads


def tracker() -> Tracker:
    """The store in use: chosen, named by a variable, or around the current directory."""
    return trackers.of(chosen.place)


def client() -> MlgitClient:
    """A client of the store in use."""
    return MlgitClient(chosen.place)


def experiment() -> Experiment:
    """The experiment in use: chosen, named by a variable, or Default; it may not be written yet."""
    used = tracker()
    snapshot = used.store.snapshot()
    name = os.environ.get("MLGIT_EXPERIMENT") or os.environ.get("MLFLOW_EXPERIMENT_NAME")
    known = used.experiment_id
    if not known and not name:
        known = os.environ.get("MLFLOW_EXPERIMENT_ID", "")
    if known:
        return experiment_of(snapshot, known)
    return find_or_new(snapshot, name or DEFAULT_EXPERIMENT)


def forget() -> None:
    """As a process just started; runs under way are let go of as they stand."""
    vars(chosen).update(vars(_Chosen()))
    stacks.runs, stacks.last_id = [], ""
    under_way.clear()
    trackers.forget()
