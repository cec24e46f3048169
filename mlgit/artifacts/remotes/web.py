"""Remotes that are read over HTTP: a public mirror of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.place import ANSWER_SECONDS, CONNECT_SECONDS, Place, filesystem

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.url import RemoteUrl


def place(url: RemoteUrl) -> Place:
    """A folder of a web server; nothing can be put there."""
    port = f":{url.port}" if url.port else ""
    root = f"{url.scheme}://{url.host}{port}/{url.path}".rstrip("/")
    return Place(_make, root, "", read_only=True, read=read)


def _make() -> Any:
    import aiohttp

    limits = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS
    )
    return filesystem("http", client_kwargs={"timeout": limits})


async def read(fs: Any, path: str, start: int, end: int) -> bytes:
    """A range; what a server sends in its stead, the whole, is cut to it as it comes."""
    session = await fs.set_session()
    asked = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
    async with session.get(path, headers=asked, allow_redirects=False) as reply:
        if reply.status in (404, 410):
            raise FileNotFoundError(path)
        reply.raise_for_status()
        if reply.status not in (200, 206):
            raise OSError(f"the server answered {reply.status}")
        skipped = start if reply.status == 200 else 0
        return await _part(reply, skipped, end - start)


async def _part(reply: Any, skip: int, most: int) -> bytes:
    found = bytearray()
    async for piece in reply.content.iter_chunked(1 << 16):
        found += piece[skip:]
        skip = max(0, skip - len(piece))
        if len(found) >= most:
            break
    return bytes(found[:most])
