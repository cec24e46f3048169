"""A server of the LFS batch API on loopback, as strict as the documents, that can misbehave.

with lfs_server() as lfs:
    lfs.url                 # what an `lfs:` remote names: `<url>.git/info/lfs` is served
    lfs.objects[sha256]     # what it keeps
    lfs.faults["PUT"] = [Fault(status=500)]
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from tests.support.loopback import Handler, on_loopback

MEDIA_TYPE = "application/vnd.git-lfs+json"
_BATCH = "/team/models.git/info/lfs/objects/batch"
_HEX = re.compile(r"[0-9a-f]{64}")


class Fault(NamedTuple):
    """How one request goes wrong.

    Attributes:
        status: Answered instead of the truth; 0 for none.
        headers: Sent with it.
        said: The message in it.
        cut: Bytes of the body after which the line is cut; -1 for none.
        flip: Whether the first byte of the body is another.
        lost: The request is done and its answer never comes.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    said: str = "not today"
    cut: int = -1
    flip: bool = False
    lost: bool = False


@dataclass
class Lfs:
    """A server; what a test sets on it holds from the next request on.

    Attributes:
        url: The repository that it belongs to, without `.git`.
        login: The `user:password` that it asks for; nobody is asked when empty.
        objects: What it keeps.
        faults: For requests to come, by `BATCH`, `PUT`, `GET` or `VERIFY`.
        seen: Each request: one of these words, and its headers in lower case.
        verifies: Whether uploads are to be verified.
        ranges: Whether downloads can begin in the middle.
        most: Objects of one batch; more are refused with 413.
        largest: Bytes of an object; more are refused.
        chunked: Whether it asks for uploads in chunks, as GitLab does.
        token: What it wants to see where objects are; another one counts as expired.
        expires_in: What it says of how long a token lasts, in seconds; nothing when 0.
        expires_at: The same as a time; nothing when empty.
        careless: Uploads are acknowledged and thrown away.
        aside: What was sent and not verified yet, where uploads are to be verified.
    """

    url: str = ""
    login: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    verifies: bool = True
    ranges: bool = True
    most: int = 100
    largest: int = 1 << 40
    chunked: bool = False
    token: str = "t0"
    expires_in: int = 0
    expires_at: str = ""
    careless: bool = False
    aside: dict[str, bytes] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """How many requests of a kind came."""
        return [word for word, _ in self.seen].count(kind)

    @property
    def authorization(self) -> str:
        """What a request has to say who it is."""
        return f"Basic {b64encode(self.login.encode()).decode()}" if self.login else ""

    def action(self, kind: str, oid: str) -> dict[str, Any]:
        """An action of a batch's answer."""
        headers = {"X-Token": self.token}
        if kind == "upload" and self.chunked:
            headers["Transfer-Encoding"] = "chunked"
        made: dict[str, Any] = {"href": f"{self.url}/{kind}/{oid}?sig=SECRET", "header": headers}
        ends = {"expires_in": self.expires_in, "expires_at": self.expires_at}
        return {**made, **{key: value for key, value in ends.items() if value}}


@contextmanager
def lfs_server() -> Iterator[Lfs]:
    """Serve until the end of the block; what clients did against the documents fails it."""
    lfs = Lfs()
    with on_loopback(LfsHandler, lfs=lfs) as url, checked(lfs):
        lfs.url = f"{url}/team/models"
        yield lfs


@contextmanager
def checked(lfs: Lfs) -> Iterator[None]:
    """Fail a block in which clients did something against the documents."""
    yield
    assert lfs.complaints == []


class LfsHandler(Handler):
    """Answers as the documents say, as far as the server's faults let it."""

    lfs: Lfs

    def post(self) -> None:
        """A batch, or a question after an upload."""
        body = self._sent()
        if "/verify/" not in self.path:
            if self._begin("BATCH"):
                self._batch(body)
        elif self._begin("VERIFY") and self._is_token() and self._is_json():
            asked = json.loads(body)
            sent = self.lfs.aside.pop(asked["oid"], None)
            if sent is not None and len(sent) == asked["size"]:
                self.lfs.objects[asked["oid"]] = sent
            self._json(200 if asked["oid"] in self.lfs.objects else 404, {})

    def get(self) -> None:
        """An object, or the rest of it."""
        if not self._begin("GET") or not self._is_token():
            return
        data = self.lfs.objects.get(self._oid())
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if data is None:
            self._json(404, {"message": "gone"})
        elif found and self.lfs.ranges:
            start = int(found[1])
            if start >= len(data):
                self._json(416, {"message": "there is no more"})
                return
            span = ("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self._send(206, data[start:], [span])
        else:
            self._send(200, data, [])

    def put(self) -> None:
        """Keep an object, if it is the one that was announced."""
        data = self._sent()
        if not self._begin("PUT") or not self._is_token():
            return
        if sha256(data).hexdigest() != self._oid():
            self._json(422, {"message": "these are other bytes"})
            return
        if not self.lfs.careless:
            kept = self.lfs.aside if self.lfs.verifies else self.lfs.objects
            kept[self._oid()] = data
        self._json(200, {})

    def _oid(self) -> str:
        return self.path.partition("?")[0].rpartition("/")[2]

    def _begin(self, kind: str) -> bool:
        """Whether the request is to be answered as it should be."""
        headers = {key.lower(): text for key, text in self.headers.items()}
        self.lfs.seen.append((kind, headers))
        waiting = self.lfs.faults[kind]
        self.fault = waiting.pop(0) if waiting else Fault()
        if self.fault.status:
            self._json(self.fault.status, {"message": self.fault.said}, [*self.fault.headers])
        return not self.fault.status

    def _is_token(self) -> bool:
        if self.headers.get("X-Token") == self.lfs.token:
            return True
        self._json(403, {"message": "Request has expired"})
        return False

    def _is_json(self) -> bool:
        named = (self.headers.get(key, "") for key in ("Accept", "Content-Type"))
        kinds = {text.partition(";")[0] for text in named}
        if kinds != {MEDIA_TYPE}:
            self.lfs.complaints.append(f"media types {kinds}")
            self._json(406, {"message": f"only {MEDIA_TYPE}"})
        return kinds == {MEDIA_TYPE}

    def _batch(self, body: bytes) -> None:
        if self.path != _BATCH:
            self._json(404, {"message": "Not found"})
            return
        if self.lfs.login and self.headers.get("Authorization") != self.lfs.authorization:
            who = [("LFS-Authenticate", 'Basic realm="LFS"')]
            self._json(401, {"message": "who are you?"}, who)
            return
        if not self._is_json():
            return
        asked = json.loads(body)
        if not _is_request(asked):
            self.lfs.complaints.append(f"no batch: {asked}")
            self._json(422, {"message": "not a batch"})
        elif len(asked["objects"]) > self.lfs.most:
            self._json(413, {"message": "too many"})
        else:
            answers = [self._answer(asked["operation"], **one) for one in asked["objects"]]
            self._json(200, {"transfer": "basic", "objects": answers, "hash_algo": "sha256"})

    def _answer(self, operation: str, oid: str, size: int) -> dict[str, Any]:
        kept = self.lfs.objects.get(oid)
        error: dict[str, Any] = {}
        actions: dict[str, Any] = {}
        if kept is not None and len(kept) != size:
            error = {"code": 422, "message": f"it has {len(kept)} bytes"}
        elif operation == "download" and kept is None:
            error = {"code": 404, "message": "Object does not exist"}
        elif operation == "download":
            actions = {"download": self.lfs.action("download", oid)}
        elif size > self.lfs.largest:
            words = f"Size must be less than or equal to {self.lfs.largest}"
            error = {"code": 422, "message": words}  # as of GitHub and Gitea
        elif kept is None:
            kinds = ["upload", "verify"] if self.lfs.verifies else ["upload"]
            actions = {kind: self.lfs.action(kind, oid) for kind in kinds}
        answer: dict[str, Any] = {"oid": oid, "size": size}
        return (
            answer | ({"error": error} if error else {}) | ({"actions": actions} if actions else {})
        )

    def _sent(self) -> bytes:
        if self.is_chunked and "Content-Length" in self.headers:
            self.lfs.complaints.append("a length and chunks")
        return self.body()

    def _json(
        self, status: int, doc: dict[str, Any], more: list[tuple[str, str]] | None = None
    ) -> None:
        self._send(status, json.dumps(doc).encode(), [("Content-Type", MEDIA_TYPE), *(more or [])])

    def _send(self, status: int, data: bytes, headers: list[tuple[str, str]]) -> None:
        fault = getattr(self, "fault", Fault())
        if fault.lost:
            self.close_connection = True
            return
        if fault.flip:
            data = bytes([data[0] ^ 1]) + data[1:]
        self.reply(status, headers, data, fault.cut)


def _is_request(asked: dict[str, Any]) -> bool:
    """Whether a batch has all that the documents want, and nothing of another kind."""
    return (
        asked.get("operation") in ("upload", "download")
        and "basic" in asked.get("transfers", ["basic"])
        and asked.get("hash_algo", "sha256") == "sha256"
        and bool(asked.get("objects"))
        and all(
            _HEX.fullmatch(one.get("oid", "")) and isinstance(one.get("size"), int)
            for one in asked["objects"]
        )
    )
