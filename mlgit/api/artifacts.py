"""Files of the active run, in every form they may be at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from mlgit.api import context
from mlgit.api.runs import current


def _target(run_id: str | None) -> str:
    return run_id or current().live.id


def log_artifact(
    local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Keep a copy of a file, or of a folder under its own name, below `artifact_path`.

    Raises:
        NotFound: There is no such file.
        InvalidValue: The path is not one that artifacts may have.
    """
    context.client().log_artifact(_target(run_id), local_path, artifact_path)


def log_artifacts(
    local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Keep copies of all files of a folder, below `artifact_path`."""
    context.client().log_artifacts(_target(run_id), local_dir, artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Keep a text, in UTF-8, as the file `artifact_file`."""
    context.client().log_text(_target(run_id), text, artifact_file)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Keep a dictionary or list as YAML where the name ends so, else as JSON."""
    context.client().log_dict(_target(run_id), dictionary, artifact_file)


def log_stream(stream: IO[bytes] | IO[str], artifact_file: str, run_id: str | None = None) -> None:
    """Keep all that an open file still gives as the file `artifact_file`."""
    context.client().log_stream(_target(run_id), stream, artifact_file)


def log_figure(
    figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None
) -> None:
    """Keep a matplotlib or plotly figure in the format that the name ends in."""
    context.client().log_figure(_target(None), figure, artifact_file, save_kwargs=save_kwargs)


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = False,
) -> None:
    """Keep an image (PIL, array) as a file, or as one of the series `key` at a step."""
    context.client().log_image(
        _target(None), image, artifact_file, key, step, timestamp, synchronous
    )


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """The address of an artifact of the active run; `download_artifacts` takes it anywhere."""
    return "/".join(filter(None, (f"runs:/{_target(None)}", artifact_path)))
