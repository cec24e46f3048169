"""Remotes that are read over HTTP: a public mirror of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.failures import RefusedError
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
    """A folder of a web server; nothing can be put there, and nothing listed."""
    port = f":{url.port}" if url.port else ""
    root = f"{url.scheme}://{url.host}{port}/{url.path}".rstrip("/")
    return Place(
        _make,
        root,
        "",
        read_only=True,
        head=head,
        stream=stream,
        login="mlgit shows no credentials to a web server: everybody must be able to read there",
    )


def _make() -> Any:
    import aiohttp

    limits = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS
    )
    return filesystem("http", client_kwargs={"timeout": limits})


async def head(fs: Any, path: str) -> Head:
    """One question; `info` would take every failure for absence, and follow redirects."""
    async with await _asked(fs, "HEAD", path, {}) as reply:
        if reply.content_length is None:
            raise OSError("the server does not say how long a file is")
        return Head(reply.content_length, _seconds(reply.headers.get("Last-Modified", "")))


async def stream(fs: Any, path: str, start: int) -> _Body:
    """The bytes from `start` on, to be read; of a server that knows no ranges, too."""
    asked = {"Range": f"bytes={start}-"} if start else {}
    reply = await _asked(fs, "GET", path, asked)
    return _Body(reply, start if reply.status == 200 else 0)


class _Body:
    """What is being received, but for the first `skip` bytes."""

    def __init__(self, reply: Any, skip: int) -> None:
        self._reply = reply
        self._skip = skip

    async def read(self, most: int) -> bytes:
        while self._skip and (data := await self._reply.content.read(min(most, self._skip))):
            self._skip -= len(data)
        found: bytes = await self._reply.content.read(most)
        return found

    def close(self) -> None:
        self._reply.close()


async def _asked(fs: Any, method: str, path: str, headers: dict[str, str]) -> Any:
    """A reply with the very bytes of a file, from the very server that was asked."""
    session = await fs.set_session()
    headers = {**headers, "Accept-Encoding": "identity"}
    reply = await session.request(method, path, headers=headers, allow_redirects=False)
    try:
        _check(reply, path)
    except BaseException:
        reply.close()
        raise
    return reply


def _check(reply: Any, path: str) -> None:
    if reply.status in (404, 410):
        raise FileNotFoundError(path)
    reply.raise_for_status()
    if 300 <= reply.status < 400:
        raise RefusedError(
            f"{reply.status}: it sends to {_host_of(reply)}",
            "redirects are not followed: add the address it sends to as the remote",
        )
    if reply.status not in (200, 206):
        raise OSError(f"the server answered {reply.status}")
    coding = reply.headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":
        raise RefusedError(
            f"it sends the bytes compressed ({coding[:20]}) though it was asked not to",
            "turn compression off there for that folder",
        )


def _host_of(reply: Any) -> str:
    from urllib.parse import urlsplit

    found = urlsplit(reply.headers.get("Location", ""))
    host = (found.netloc or reply.url.authority).rpartition("@")[2]
    return f"{found.scheme or reply.url.scheme}://{host}"


def _seconds(moment: str) -> float:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(moment).timestamp()
    except (TypeError, ValueError):
        return 0.0
