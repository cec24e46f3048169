"""The client: every act by explicit ids, for programs that manage runs of others."""

from __future__ import annotations

from mlgit.client.artifacts import ArtifactCalls
from mlgit.client.experiments import ExperimentCalls
from mlgit.client.log import LogCalls
from mlgit.client.models import ModelCalls
from mlgit.client.registry import RegistryCalls
from mlgit.client.runs import RunCalls
from mlgit.client.search import SearchCalls
from mlgit.client.versions import VersionCalls

__all__ = ["MlgitClient"]


class MlgitClient(
    RunCalls,
    LogCalls,
    ArtifactCalls,
    ModelCalls,
    ExperimentCalls,
    SearchCalls,
    RegistryCalls,
    VersionCalls,
):
    """One store, seen from outside of any run; the names and arguments are MLflow's.

    Args of the constructor: the tracking URI (a path, `mlgit:PATH`), the current one when None.
    """
