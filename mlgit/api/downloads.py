"""Reading artifacts back, of any run, by address."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.api import context
from mlgit.client import MlgitClient
from mlgit.errors import InvalidValue
from mlgit.published import MODELS
from mlgit.registered_files import files_of, is_registered

if TYPE_CHECKING:
    from mlgit.entities.values import FileInfo

_SCHEMES = ("runs:/", "mlgit://", MODELS)


def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | Path | None = None,
    tracking_uri: str | None = None,
) -> str:
    """Copy an artifact or folder of artifacts to this machine; gives its place.

    Args:
        artifact_uri: `runs:/<run>/<path>`, `mlgit://<run>/<path>` or, of a model,
            `models:/<m-id>/<path>` or `models:/<name>@<alias>/<path>`; or `run_id` and
            `artifact_path` instead.
        run_id: The run.
        artifact_path: The artifact or folder; all of them when None.
        dst_path: Where to; a folder of mlgit's cache when None.
        tracking_uri: Another store than the current one.

    Raises:
        NotFound: There is no such artifact, or its bytes are not to be had here.
        InvalidValue: The address is not one of a run or model.
        InvalidState, Damaged: A registered version's files are not those that were approved.
    """
    client = _client(tracking_uri)
    run, path = _address(client, artifact_uri, run_id, artifact_path)
    return client.download_artifacts(run, path, dst_path)


def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[FileInfo]:
    """The files and folders directly in a folder of artifacts; arguments as above."""
    client = _client(tracking_uri)
    run, path = _address(client, artifact_uri, run_id, artifact_path)
    return client.list_artifacts(run, path)


def load_text(artifact_uri: str) -> str:
    """The text of an artifact.

    Raises:
        InvalidValue: It is no text in UTF-8.
    """
    try:
        return _read(artifact_uri).decode()
    except UnicodeDecodeError as error:
        raise InvalidValue(f"{artifact_uri} is no text: {error}") from error


def load_dict(artifact_uri: str) -> Any:
    """The data of a JSON or YAML artifact."""
    from mlgit.documents import load_dict_bytes

    return load_dict_bytes(_read(artifact_uri), artifact_uri)


def load_image(artifact_uri: str) -> Any:
    """An artifact as a pillow image.

    Raises:
        MissingExtra: pillow is not installed.
        InvalidValue: It is no image.
    """
    from mlgit.media import open_image

    return open_image(_read(artifact_uri), artifact_uri)


def _client(tracking_uri: str | None) -> MlgitClient:
    return context.client() if tracking_uri is None else MlgitClient(tracking_uri)


def _read(artifact_uri: str) -> bytes:
    client = context.client()
    run, path = _address(client, artifact_uri, None, None)
    return client.read_artifact(run, path)


def _address(
    client: MlgitClient, uri: str | None, run_id: str | None, path: str | None
) -> tuple[str, str]:
    """The run, or `models:/` and the id of a logged model, and the path below its artifacts."""
    if (uri is None) == (run_id is None):
        raise InvalidValue("name either an artifact_uri or a run_id")
    if uri is None:
        return str(run_id), path or ""
    if is_registered(uri):
        uri = files_of(client.tracker.store, uri)
    scheme = next((one for one in _SCHEMES if uri.startswith(one)), None)
    run, _, rest = uri.removeprefix(scheme or "").partition("/")
    if not (scheme and run):
        raise InvalidValue(
            f"{uri!r} is not the address of a run's artifact", hint="runs:/<run id>/<path>", uri=uri
        )
    return (MODELS + run if scheme == MODELS else run), rest.strip("/")
