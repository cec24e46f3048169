"""Remotes in Google Cloud Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.place import ANSWER_SECONDS, FRESH, Head, Place, environment

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.url import RemoteUrl


def place(url: RemoteUrl) -> Place:
    """A prefix in a bucket; credentials are Google's application default ones."""
    return Place(_make, f"{url.host}/{url.path}".rstrip("/"), url.host, bundles=True, head=head)


def _make() -> Any:
    from gcsfs.core import GCSFileSystem  # the other class tries gRPC for a minute first

    emulator = environment("STORAGE_EMULATOR_HOST")
    settings = {"token": "anon"} if emulator else {}
    project = environment("GOOGLE_CLOUD_PROJECT") or ("emulated" if emulator else "")
    if project:
        settings["project"] = project
    return GCSFileSystem(**FRESH, **settings, requests_timeout=ANSWER_SECONDS)


async def head(fs: Any, path: str) -> Head:
    """One question; `info` would list a folder, too."""
    said = await fs._get_object(path)
    return Head(int(said["size"]), _seconds(said["updated"]))


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
