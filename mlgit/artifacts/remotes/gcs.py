"""Remotes in Google Cloud Storage."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mlgit.artifacts.remotes.place import ANSWER_SECONDS, FRESH, Head, Place, environment

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.url import RemoteUrl


def place(url: RemoteUrl) -> Place:
    """A prefix in a bucket; credentials are Google's application default ones."""
    root = f"{url.host}/{url.path}".rstrip("/")
    login = "gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"
    return Place(_make, root, url.host, bundles=True, login=login, head=head, write=write)


def _make() -> Any:
    from gcsfs.core import GCSFileSystem  # the other class tries gRPC for a minute first
    from gcsfs.retry import retry_request

    class Asking(GCSFileSystem):  # type: ignore[misc]
        # Twice, not six times in half a minute: who calls tries again, too.
        _request = retry_request(retries=2)(GCSFileSystem._request.__wrapped__)

    log = logging.getLogger("gcsfs")
    if log.level == logging.NOTSET:  # else it logs each failure with all words and a traceback
        log.setLevel(logging.CRITICAL)
    emulator = environment("STORAGE_EMULATOR_HOST")
    settings = {"token": "anon"} if emulator else {}
    project = environment("GOOGLE_CLOUD_PROJECT") or ("emulated" if emulator else "")
    if project:
        settings["project"] = project
    return Asking(**FRESH, **settings, requests_timeout=ANSWER_SECONDS)


async def head(fs: Any, path: str) -> Head:
    """One question; `info` would list a folder, too."""
    said = await fs._get_object(path)
    return Head(int(said["size"]), _seconds(said["updated"]))


async def write(fs: Any, path: str, data: bytes, _sha256: str) -> str:
    """One request with nothing but the bytes: between gcsfs's line feeds, a last CR gets lost."""
    if data:
        bucket, key, _ = fs.split_path(path)
        where = f"{fs._location}/upload/storage/v1/b/{quote(bucket)}/o"
        kind = {"Content-Type": "application/octet-stream"}
        await fs._call("POST", where, uploadType="media", name=key, headers=kind, data=data)
    else:
        await fs._pipe_file(path, data)
    return ""


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
