"""Remotes on a machine that is reached by ssh."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.place import CONNECT_SECONDS, Place

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.url import RemoteUrl


def place(url: RemoteUrl) -> Place:
    """A folder that is there already; keys, agent and host keys are those of the user's ssh."""

    def make() -> Any:
        given: dict[str, object] = {"port": url.port} if url.port else {}
        if url.user:
            given["username"] = url.user
        import fsspec

        # sshfs checks no host key unless told; () stands for the user's own known hosts. It hands
        # every word it does not know to asyncssh, also `use_listings_cache`; it has no such cache.
        return fsspec.filesystem(
            "ssh",
            skip_instance_cache=True,
            host=url.host,
            known_hosts=(),
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
            keepalive_interval=15,
            **given,
        )

    return Place(
        make,
        url.path,
        url.path,
        renames=True,
        connected=True,
        bundles=True,
        login=f"check that this lets you in, and knows the host's key: {_command(url)}",
        read=read,
        settle=settle,
    )


def _command(url: RemoteUrl) -> str:
    port = f"-p {url.port} " if url.port else ""
    return f"ssh {port}{url.user}{'@' if url.user else ''}{url.host}"


async def read(fs: Any, path: str, start: int, end: int) -> bytes:
    """A range; `cat_file` would not heed it."""
    import asyncssh

    try:
        async with fs._pool.get() as channel, channel.open(path, "rb") as file:
            data: bytes = await file.read(end - start, start)
            return data
    except asyncssh.SFTPNoSuchFile:
        raise FileNotFoundError(path) from None


async def settle(fs: Any, path: str) -> None:
    """Force a file to the disk, where the server knows how."""
    import asyncssh

    with suppress(asyncssh.SFTPOpUnsupported):
        async with fs._pool.get() as channel, channel.open(path, "r+b") as file:
            await file.fsync()
