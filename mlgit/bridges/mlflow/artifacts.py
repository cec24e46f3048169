"""Artifacts of runs and logged models, as MLflow reads and writes them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlflow.entities import FileInfo

from mlgit.bridges.mlflow import addresses
from mlgit.bridges.mlflow.errors import speaking_mlflow
from mlgit.bridges.mlflow.older import Repository
from mlgit.client import MlgitClient
from mlgit.entities.values import FileInfo as OurFileInfo
from mlgit.errors import InvalidValue, NotFound, Unsupported
from mlgit.records.artifact_path import is_safe_path
from mlgit.runs import staged_models

if TYPE_CHECKING:
    from mlgit.bridges.mlflow.addresses import Place
    from mlgit.store.store import Store


@speaking_mlflow
class StoredArtifacts(Repository):
    """One folder of artifacts, of a run or of a logged model."""

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        self.place: Place = addresses.parse(artifact_uri)
        self.client = MlgitClient(self.place.folder)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        folder = self._inside(artifact_path)
        if self.place.kind == "models":
            name = "/".join(filter(None, (folder, Path(local_file).name)))
            staged_models.add(self._staging(), self.place.id, Path(local_file), name)
        else:
            self.client.log_artifact(self.place.id, local_file, folder or None)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        folder = self._inside(artifact_path)
        if self.place.kind == "models":
            staged_models.add(self._staging(), self.place.id, Path(local_dir), folder)
        else:
            self.client.log_artifacts(self.place.id, local_dir, folder or None)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """Files and folders directly in one; none where that is a file, or not there."""
        inside, cut = self._inside(path), len(self.place.path) + 1 if self.place.path else 0
        found = [one for one in self._children(inside) if one.path != inside]
        return [FileInfo(one.path[cut:], one.is_dir, one.file_size) for one in found]

    def _children(self, inside: str) -> Sequence[OurFileInfo]:
        staged = self._staged_files()
        if staged is None:
            return self.client.list_artifacts(self.place.id, inside or None)
        folder = staged / inside
        there = sorted(folder.iterdir()) if folder.is_dir() else []
        return [
            OurFileInfo(
                one.relative_to(staged).as_posix(),
                one.is_dir(),
                None if one.is_dir() else one.stat().st_size,
            )
            for one in there
        ]

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Nothing: with its run they leave the branch, and `mlgit gc` frees their bytes."""

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        self.download_file(remote_file_path, local_path)

    def download_file(self, path: str, local_path: str) -> None:
        """Copy one file, verified, to a place of this machine."""
        inside, staged = self._inside(path), self._staged_files()
        if staged is not None:
            shutil.copyfile(staged / inside, local_path)
            return
        with TemporaryDirectory(prefix="mlgit-", dir=Path(local_path).parent) as folder:
            found = Path(self.client.download_artifacts(self.place.id, inside, folder))
            if not found.is_file():
                raise NotFound(f"{self.place.id} has no file {inside!r}", path=inside)
            shutil.move(found, local_path)

    def _inside(self, path: str | None) -> str:
        found = "/".join(filter(None, (self.place.path, (path or "").strip("/"))))
        if found and not is_safe_path(found):
            raise InvalidValue(f"{found!r:.80} is not a path below artifacts", path=found)
        return found

    def _staged_files(self) -> Path | None:
        """Where the files are of a model that is still being made; None for all others."""
        store = self.client.tracker.store
        if self.place.kind != "models" or staged_models.staged(store, self.place.id) is None:
            return None
        return staged_models.files_of(store, self.place.id)

    def _staging(self) -> Store:
        if self._staged_files() is None:
            raise Unsupported("the files of a logged model do not change after it was finalized")
        return self.client.tracker.store
