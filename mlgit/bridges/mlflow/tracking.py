"""MLflow's tracking store on a git branch."""

from __future__ import annotations

from mlflow.store.tracking.abstract_store import AbstractStore

from mlgit.bridges.mlflow.errors import speaking_mlflow
from mlgit.bridges.mlflow.experiments import ExperimentCalls
from mlgit.bridges.mlflow.histories import HistoryCalls
from mlgit.bridges.mlflow.logged_models import LoggedModelCalls
from mlgit.bridges.mlflow.logging import LogCalls
from mlgit.bridges.mlflow.removal import RemovalCalls
from mlgit.bridges.mlflow.runs import RunCalls
from mlgit.bridges.mlflow.unkept import UnkeptCalls
from mlgit.client import MlgitClient


@speaking_mlflow
class TrackingStore(
    ExperimentCalls,
    RunCalls,
    HistoryCalls,
    LogCalls,
    LoggedModelCalls,
    RemovalCalls,
    UnkeptCalls,
    AbstractStore,  # type: ignore[misc]
):
    """Experiments, runs and logged models of one repository.

    Nothing is remembered between calls but the client: what other processes do, or a `git pull`, is
    seen by the next call.
    """

    def __init__(self, store_uri: str, served: str = "", *, hosted: bool = False) -> None:
        super().__init__()
        self.client, self.served, self.hosted = MlgitClient(store_uri), served, hosted
