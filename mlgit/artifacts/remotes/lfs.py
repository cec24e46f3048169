"""The LFS store of a git host as a remote: needs no set-up where the host has one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256 as sha256_of
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlgit.artifacts.remotes.lfs_access import GitHost
from mlgit.artifacts.remotes.lfs_address import endpoint_of_git
from mlgit.artifacts.remotes.lfs_batch import Answer, Server
from mlgit.artifacts.remotes.lfs_failures import refusal, refused
from mlgit.artifacts.remotes.lfs_sending import Sending
from mlgit.artifacts.remotes.lfs_tickets import OVER, Tickets
from mlgit.artifacts.remotes.lfs_uploads import Uploads
from mlgit.artifacts.streams import CHUNK
from mlgit.errors import Damaged, NotFound, RemoteFailed, Unsupported

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse


EMPTY = sha256_of().hexdigest()  # LFS knows no object of no bytes: an empty file is its pointer
_ABSENT = {404, 410, 422}  # 422: there is none of that size
_TRIES = 3


class LfsRemote:
    """See `SharedRemote` and `Ranged`.

    What the server has is the server's word: it names objects by the sha256 that it has checked
    when they came, and is asked again after each upload. Only `verify` and `get` read bytes:
    GitHub counts what is read, and not what is sent or asked, against who owns the repository.
    """

    def __init__(self, name: str, url: str, host: GitHost) -> None:
        self.name, self.url = name, url
        self._size_of = host.size_of
        self._server = Server(name, host)
        self._uploads = Uploads(self._server)
        self._downloads = Tickets(partial(self._server.batch, "download"))

    def has(self, sha256: str) -> bool:
        """See `Remote.has`."""
        return sha256 in self.sizes([sha256])

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        """See `SharedRemote.sizes`."""
        asked = {one: self._size_of(one) for one in digests if one != EMPTY}
        found = {EMPTY: 0} if EMPTY in digests else {}
        for digest, answer in self._server.batch("download", asked).items():
            if "download" in answer.actions:
                found[digest] = answer.size
                self._downloads.keep(digest, answer)
            else:
                self._missing(digest, answer)
        self._uploads.foresee({one: asked[one] for one in asked if one not in found})
        return found

    def put(self, sha256: str, source: Path, told: Callable[[int], object] | None = None) -> None:
        """See `SharedRemote.put`; what the server says it has already is not sent again."""
        with Sending(source, sha256, told) as file:
            if sha256 == EMPTY:
                file.read_all()
                return
            self._uploads.put(sha256, file)
        if told:
            told(file.size)

    def pieces(self, sha256: str, start: int) -> Iterator[bytes]:
        """See `Ranged.pieces`."""
        if sha256 == EMPTY:
            return
        with self._open(sha256, start) as response:
            if response.status == 416:
                return
            began = response.headers.get("Content-Range", "")
            if response.status == 206 and not began.startswith(f"bytes {start}-"):
                raise RemoteFailed(f"{self.name} sent another part than asked for", "try again")
            skip = 0 if response.status == 206 else start
            while data := response.read(CHUNK):
                if skip < len(data):
                    yield data[skip:]
                skip = max(skip - len(data), 0)

    def get(self, sha256: str, target: BinaryIO) -> None:
        """See `Remote.get`; goes on where the line broke."""
        found, size = sha256_of(), 0
        for left in range(_TRIES)[::-1]:
            try:
                for data in self.pieces(sha256, size):
                    found.update(data)
                    size += target.write(data)
                break
            except RemoteFailed:
                if not left:
                    raise
        if found.hexdigest() != sha256:
            raise Damaged(
                f"{self.name} has other bytes than those of {sha256[:12]}",
                "mlgit artifact verify --remote",
                remote=self.name,
                sha256=sha256,
            )

    def verify(self, sha256: str) -> bool:
        """See `SharedRemote.verify`."""
        found = sha256_of()
        try:
            for data in self.pieces(sha256, 0):
                found.update(data)
        except NotFound:
            return False
        return found.hexdigest() == sha256

    @contextmanager
    def _open(self, sha256: str, start: int) -> Iterator[BaseHTTPResponse]:
        """The answer that has the object's bytes from `start` on, or all of them."""
        size, more = self._size_of(sha256), {"range": f"bytes={start}-"} if start else {}
        for fresh in (False, True):
            answer = self._downloads.take(sha256, size, fresh=fresh)
            action = answer.actions.get("download")
            if action is None:
                raise self._missing(sha256, answer)
            with self._server.act("download", "GET", action, None, **more) as response:
                if response.status in OVER and not fresh:
                    continue
                if response.status in (404, 410):
                    raise self._missing(sha256, answer)
                if response.status not in (200, 206, 416):
                    raise refusal(self.name, response)
                yield response
                return

    def _missing(self, digest: str, answer: Answer) -> NotFound:
        """The error for an object that is not there; an error of another kind is raised."""
        if answer.code and answer.code not in _ABSENT:
            raise refused(self.name, answer.code, answer.said)
        return NotFound(f"{self.name} has no object {digest[:12]}", sha256=digest)


def open_lfs(name: str, url: str, host: GitHost | None = None) -> LfsRemote:
    """The remote at `lfs:https://host/path.git`, or `lfs:NAME` where `host` knows that git remote.

    Raises:
        Unsupported: It is `lfs:NAME`, and no repository is known here.
    """
    place = url.removeprefix("lfs:")
    if host is not None:
        return LfsRemote(name, url, host)
    if "://" not in place:
        raise Unsupported(f"{name} ({url}) is only reached from its repository", "cd to the clone")
    return LfsRemote(name, url, GitHost(lambda _: endpoint_of_git(place), lambda _: 0))
