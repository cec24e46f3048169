"""The entry points: MLflow imports this module whenever it is imported, so it is a light one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.bridges.mlflow.artifacts import StoredArtifacts
    from mlgit.bridges.mlflow.registry import RegistryStore
    from mlgit.bridges.mlflow.tracking import TrackingStore


def tracking_store(
    store_uri: str | None = None,
    artifact_uri: str | None = None,  # noqa: ARG001 - MLflow passes it
) -> TrackingStore:
    """The tracking store of `mlgit:`, `mlgit:PATH` or `mlgit:///PATH`.

    Args:
        store_uri: The address.
        artifact_uri: Where MLflow would have artifacts kept; not used, the store has its own place.
    """
    from mlgit.bridges.mlflow.tracking import TrackingStore

    return TrackingStore(store_uri or "mlgit:")


def registry_store(
    store_uri: str | None = None,
    tracking_uri: str | None = None,  # noqa: ARG001 - MLflow passes it
) -> RegistryStore:
    """The registry store of the same addresses."""
    from mlgit.bridges.mlflow.registry import RegistryStore

    return RegistryStore(store_uri or "mlgit:")


def artifact_repository(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> StoredArtifacts:
    """The artifacts of one run or logged model: `mlgit-artifacts:/PATH/@/runs/ID`."""
    from mlgit.bridges.mlflow.artifacts import StoredArtifacts

    return StoredArtifacts(artifact_uri, tracking_uri, registry_uri)
