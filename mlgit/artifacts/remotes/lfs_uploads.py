"""Uploads to an LFS server: sent, looked at by the server, and asked for again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from mlgit.artifacts.remotes.lfs_batch import MEDIA_TYPE, Action, Answer, Server
from mlgit.artifacts.remotes.lfs_failures import refusal, refused
from mlgit.artifacts.remotes.lfs_tickets import OVER, Tickets
from mlgit.errors import RemoteFailed, StorageFailed

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from mlgit.artifacts.remotes.lfs_sending import Sending

_TYPE = "application/octet-stream"


class Uploads:
    """What is sent to one server; for many threads."""

    def __init__(self, server: Server) -> None:
        self._server, self._name = server, server.name
        self._tickets = Tickets(partial(server.batch, "upload"))

    def foresee(self, sizes: Mapping[str, int]) -> None:
        """These will be sent, too: one question is enough for a hundred of them."""
        self._tickets.foresee(sizes)

    def put(self, sha256: str, file: Sending) -> None:
        """Have the server keep an object; what it says it has is read here, and not sent.

        Raises:
            RemoteFailed: It did not answer, or does not have what it took.
            StorageFailed: It refused.
        """
        for fresh in (False, True):
            answer = self._tickets.take(sha256, file.size, fresh=fresh)
            if answer.code:
                raise refused(self._name, answer.code, answer.said)
            if self._sent(sha256, file, answer.actions, last=fresh):
                return

    def _sent(
        self, sha256: str, file: Sending, actions: Mapping[str, Action], *, last: bool
    ) -> bool:
        """Send, and let the server look at it; False where its addresses are over."""
        upload = actions.get("upload")
        if upload is None:
            file.read_all()
            return True
        more = {"content_type": _TYPE}
        if not any(key.lower() == "transfer-encoding" for key in upload.headers):
            more["content_length"] = str(file.size)
        with self._server.act("upload", "PUT", upload, file.again, **more) as response:
            if not self._done(response, last=last):
                return False
        if "verify" in actions:
            return self._looked_at(sha256, file.size, actions["verify"], last=last)
        self._require_there(sha256, file.size)
        return True

    def _looked_at(self, sha256: str, size: int, verify: Action, *, last: bool) -> bool:
        """Have the server look whether it has all of what was sent."""
        doc = json.dumps({"oid": sha256, "size": size}).encode()
        kinds = {"accept": MEDIA_TYPE, "content_type": MEDIA_TYPE}
        with self._server.act("upload", "POST", verify, lambda: doc, **kinds) as response:
            if response.status == 404 and last:  # not for a moment: it was sent twice
                words = f"{self._name} took {sha256[:12]} and does not have it (404)"
                raise StorageFailed(words, "ask who runs the git host", remote=self._name)
            return self._done(response, last=last)

    def _require_there(self, sha256: str, size: int) -> None:
        """Ask for the object as a reader would: GitLab, which checks digests, has no `verify`."""
        answer: Answer = self._server.batch("download", {sha256: size})[sha256]
        if "download" not in answer.actions:
            raise RemoteFailed(
                f"{self._name} took {sha256[:12]} and does not have it",
                "try again a moment later",
                remote=self._name,
            )

    def _done(self, response: BaseHTTPResponse, *, last: bool) -> bool:
        """Whether it was done; False where the address is over and may be asked for anew."""
        if response.status in OVER and not last:
            return False
        if not 200 <= response.status < 300:
            raise refusal(self._name, response)
        response.drain_conn()
        return True
