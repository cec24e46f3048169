"""All artifacts of a store below one address: what an MLflow server hands out for its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow.entities import FileInfo

from mlgit.bridges.mlflow import addresses
from mlgit.bridges.mlflow.artifacts import StoredArtifacts
from mlgit.bridges.mlflow.errors import speaking_mlflow
from mlgit.bridges.mlflow.older import Repository
from mlgit.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence


@speaking_mlflow
class ServedArtifacts(Repository):
    """`--artifacts-destination mlgit-artifacts:/PATH`: paths begin with runs/ID or models/ID."""

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        found, inside = self._at(artifact_path)
        found.log_artifact(local_file, inside)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        found, inside = self._at(artifact_path)
        found.log_artifacts(local_dir, inside)

    def list_artifacts(self, path: str | None = None) -> Sequence[FileInfo]:
        found, inside = self._at(path)
        head = f"{found.place.kind}/{found.place.id}"
        return [
            FileInfo(f"{head}/{one.path}", one.is_dir, one.file_size)
            for one in found.list_artifacts(inside)
        ]

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Nothing, as for one run."""

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        found, inside = self._at(remote_file_path)
        found.download_file(inside, local_path)

    def _at(self, path: str | None) -> tuple[StoredArtifacts, str]:
        """Whose artifacts a path leads to, and the path below them."""
        kind, _, rest = (path or "").strip("/").partition("/")
        whole_id, _, inside = rest.partition("/")
        if kind not in ("runs", "models") or not whole_id:
            raise InvalidValue(f"{path!r:.80} leads to no run and no logged model")
        uri = addresses.below(self.artifact_uri, kind, whole_id)
        return StoredArtifacts(uri, self.tracking_uri, self.registry_uri), inside
