"""The entry points: MLflow imports this module whenever it is imported, so it is a light one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.bridges.mlflow.artifacts import StoredArtifacts
    from mlgit.bridges.mlflow.registry import RegistryStore
    from mlgit.bridges.mlflow.served import ServedArtifacts
    from mlgit.bridges.mlflow.tracking import TrackingStore

_DESTINATION = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"  # what MLflow's server tells its workers
_SERVER = "_MLFLOW_SERVER_FILE_STORE"  # likewise, the store
_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"  # what it gives a tracking store, and no registry
_PROXY = "mlflow-artifacts:"


def tracking_store(
    store_uri: str | None = None,
    artifact_uri: str | None = None,
) -> TrackingStore:
    """The tracking store of `mlgit:`, `mlgit:PATH` or `mlgit:///PATH`.

    Args:
        store_uri: The address.
        artifact_uri: Where MLflow would have artifacts kept: the store has its own place. Only a
            server that hands out the artifacts of a store shows its clients that address.
    """
    from mlgit.bridges.mlflow.tracking import TrackingStore

    hosted = _SERVER in os.environ
    return TrackingStore(store_uri or "mlgit:", _served(artifact_uri), hosted=hosted)


def registry_store(
    store_uri: str | None = None,
    tracking_uri: str | None = None,  # noqa: ARG001 - MLflow passes it
) -> RegistryStore:
    """The registry store of the same addresses."""
    from mlgit.bridges.mlflow.registry import RegistryStore

    return RegistryStore(store_uri or "mlgit:", _served(os.environ.get(_ROOT)))


def _served(root: str | None) -> str:
    """Where a server of this process hands out the artifacts of a store; "" where it does not."""
    ours = os.environ.get(_DESTINATION, "").startswith("mlgit-artifacts:")
    return root if ours and root and root.startswith(_PROXY) else ""


def artifact_repository(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> StoredArtifacts | ServedArtifacts:
    """The artifacts of one run or logged model, `mlgit-artifacts:/PATH/@/runs/ID`, or of all."""
    from mlgit.bridges.mlflow.addresses import is_store

    if is_store(artifact_uri):
        from mlgit.bridges.mlflow.served import ServedArtifacts

        return ServedArtifacts(artifact_uri, tracking_uri, registry_uri)
    from mlgit.bridges.mlflow.artifacts import StoredArtifacts

    return StoredArtifacts(artifact_uri, tracking_uri, registry_uri)
