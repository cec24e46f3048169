"""Remotes in Azure Blob Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.place import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    Head,
    Place,
    filesystem,
)

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.url import RemoteUrl


def place(url: RemoteUrl) -> Place:
    """A prefix in a container; account and credentials come from `AZURE_STORAGE_*`."""
    return Place(
        _make,
        f"{url.host}/{url.path}".rstrip("/"),
        url.host,
        bundles=True,
        login="check AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and "
        "AZURE_STORAGE_ACCOUNT_KEY",
        head=head,
    )


def _make() -> Any:
    fs = filesystem("az", connection_timeout=int(CONNECT_SECONDS), read_timeout=int(ANSWER_SECONDS))
    # Without an option for it: who calls tries again, and would not hear why in a minute.
    retries = fs.service_client._config.retry_policy
    retries.total_retries, retries.initial_backoff = 1, 1
    return fs


async def head(fs: Any, path: str) -> Head:
    """One question; `info` would list a folder, too."""
    from azure.core.exceptions import ResourceNotFoundError

    container, name, _ = fs.split_path(path)
    async with fs.service_client.get_blob_client(container, name) as blob:
        try:
            said = await blob.get_blob_properties()
        except ResourceNotFoundError:
            raise FileNotFoundError(path) from None
    return Head(said.size, said.last_modified.timestamp())
