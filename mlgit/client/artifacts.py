"""Artifacts by run id: logged in any form, listed, downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mlgit.client.base import Calls
from mlgit.entities.values import FileInfo
from mlgit.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    import pandas as pd

_PART = 1 << 20  # bytes or characters copied at a time
IMAGES_TAG = "mlflow.loggedImages"


class ArtifactCalls(Calls):
    """What a client can do with artifacts."""

    def log_artifact(
        self, run_id: str, local_path: str | Path, artifact_path: str | None = None
    ) -> None:
        """Keep a copy of a file, or of a folder under its own name, below `artifact_path`.

        Raises:
            NotFound: There is no such file.
            InvalidValue: The path is not one that artifacts may have.
        """
        source = Path(local_path)
        path = "/".join(filter(None, (artifact_path, source.name)))
        with self.tracker.writing(run_id) as run:
            if source.is_dir():
                run.add_folder(source, path)
            else:
                run.add_file(source, path)

    def log_artifacts(
        self, run_id: str, local_dir: str | Path, artifact_path: str | None = None
    ) -> None:
        """Keep copies of all files of a folder, below `artifact_path`."""
        with self.tracker.writing(run_id) as run:
            run.add_folder(Path(local_dir), artifact_path or "")

    def log_bytes(self, run_id: str, data: bytes, artifact_file: str) -> None:
        """Keep `data` as the file `artifact_file`."""
        with self.tracker.writing(run_id) as run:
            run.add_bytes(data, artifact_file)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Keep a text, in UTF-8, as the file `artifact_file`."""
        self.log_bytes(run_id, text.encode(), artifact_file)

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:
        """Keep a dictionary or list as YAML where the name ends so, else as JSON."""
        from mlgit.documents import dump_dict

        self.log_bytes(run_id, dump_dict(dictionary, artifact_file), artifact_file)

    def log_figure(
        self,
        run_id: str,
        figure: Any,
        artifact_file: str,
        *,
        save_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep a matplotlib or plotly figure in the format that the name ends in."""
        from mlgit.media import figure_bytes

        self.log_bytes(run_id, figure_bytes(figure, artifact_file, save_kwargs), artifact_file)

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,  # noqa: ARG002  # nothing here waits
    ) -> None:
        """Keep an image as a file, or as one of a series (`key`) at a step.

        Raises:
            InvalidValue: Both or neither of `artifact_file` and `key` are given.
        """
        from mlgit import media

        if (artifact_file is None) == (key is None):
            raise InvalidValue("an image needs either an artifact_file or a key")
        if artifact_file is not None:
            self.log_bytes(run_id, media.image_bytes(image, artifact_file), artifact_file)
            return
        with self.tracker.writing(run_id) as run:
            for path in media.series_paths(str(key), step or 0, timestamp):
                run.add_bytes(media.image_bytes(image, path), path)
            run.set_tags({IMAGES_TAG: "True"})

    def log_table(
        self, run_id: str, data: Mapping[str, Any] | pd.DataFrame, artifact_file: str
    ) -> None:
        """Keep a table (.json or .parquet); rows are added to a table that is there."""
        from mlgit import tables

        frame = tables.to_frame(data)
        with self.tracker.writing(run_id) as run:
            before = self._known(run_id, artifact_file)
            if before is not None:
                frame = tables.stack([tables.load_table_bytes(before, artifact_file), frame])
            run.add_bytes(tables.dump_table(frame, artifact_file), artifact_file)
            tag = run.run.tags.get(tables.TABLES_TAG, "")
            run.set_tags({tables.TABLES_TAG: tables.with_table(tag, artifact_file)})

    def log_stream(self, run_id: str, stream: IO[bytes] | IO[str], artifact_file: str) -> None:
        """Keep all that an open file still gives as the file `artifact_file`."""
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="mlgit-") as folder:
            copy = Path(folder, "stream")
            with copy.open("wb") as file:
                while part := stream.read(_PART):
                    file.write(part.encode() if isinstance(part, str) else part)
            with self.tracker.writing(run_id) as run:
                run.add_file(copy, artifact_file)

    def read_artifact(self, run_id: str, path: str) -> bytes:
        """The bytes of an artifact, verified.

        Raises:
            NotFound: The run has no such file, or its bytes are not to be had here.
        """
        found = self._known(run_id, path)
        if found is None:
            raise NotFound(f"run {run_id} has no artifact file {path!r}", path=path)
        return found

    def _known(self, run_id: str, path: str) -> bytes | None:
        from mlgit.artifacts.fetch import read

        held = self.tracker.artifacts(run_id)
        entry = next((one for one in held.entries if one.path == path), None)
        return None if entry is None else read(entry, held.sources)

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """The files and folders directly in a folder of artifacts."""
        from mlgit.artifacts.manifest import children

        found = children(self.tracker.artifacts(run_id).entries, path or "")
        return [
            FileInfo(one.path, one.is_folder, None if one.is_folder else one.size) for one in found
        ]

    def download_artifacts(self, run_id: str, path: str, dst_path: str | Path | None = None) -> str:
        """Copy an artifact, a folder of them or (for "") all to `dst_path`; gives their place.

        Raises:
            NotFound: The run has no such artifact, or its bytes are not to be had here.
        """
        from mlgit.artifacts.fetch import download
        from mlgit.artifacts.manifest import select

        held = self.tracker.artifacts(run_id)
        target = Path(dst_path) if dst_path else self.tracker.downloads(held.id)
        target.mkdir(parents=True, exist_ok=True)
        download(select(held.entries, path), held.sources, target)
        return str(target / path)
