"""The batch API of LFS: which objects a server has, and where each is to be sent or fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.artifacts.remotes.lfs_access import NEVER, Access, GitHost
from mlgit.artifacts.remotes.lfs_failures import refusal, refuse_address, refused
from mlgit.artifacts.remotes.lfs_http import Body, Http, origin
from mlgit.errors import InvalidValue, RemoteFailed
from mlgit.times import MAX_TIME_MS, from_iso, now_ms

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

MEDIA_TYPE = "application/vnd.git-lfs+json"
MOST = 100  # objects of one request
_MAX_ANSWER = 8 << 20
_LOGINS = 5
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SECOND = re.compile(r"([0-9-]{10}T[0-9:]{8})(\.\d+)?(Z|\+00:00)")


class Action(NamedTuple):
    """One request that a server wants: where to, with which headers, until when (ms since 1970)."""

    href: str
    headers: dict[str, str]
    expires: int = NEVER


class Answer(NamedTuple):
    """What a server says of one object.

    Attributes:
        size: Bytes; some servers only repeat what they were asked with.
        actions: By name: `download`, `upload`, `verify`.
        code: As a status of HTTP where there is an error, else 0.
        said: What the server says of the error.
    """

    size: int
    actions: Mapping[str, Action]
    code: int = 0
    said: str = ""


class Server:
    """An LFS server, logged in where it asks for that; for many threads."""

    def __init__(self, name: str, host: GitHost) -> None:
        self.name = name
        self._http = Http(name, host.network)
        self._access = Access(host, now_ms)

    def batch(self, operation: str, sizes: Mapping[str, int]) -> dict[str, Answer]:
        """What there is to do for each of some objects, by digest.

        Raises:
            RemoteFailed: It did not answer, or not for each of them.
            StorageFailed: It refused.
            InvalidValue: One is no digest; nothing was asked.
        """
        for one in sizes:
            if not _DIGEST.fullmatch(one):
                raise InvalidValue(f"not a sha256 digest: {one[:80]!r}")
        found: dict[str, Answer] = {}
        wanted = list(sizes.items())
        for start in range(0, len(wanted), MOST):
            found |= self._batch(operation, wanted[start : start + MOST])
        return found

    @contextmanager
    def act(
        self, operation: str, method: str, action: Action, body: Body | None, **more: str
    ) -> Iterator[BaseHTTPResponse]:
        """Do what an action says; its headers win over `more`."""
        own = {key.lower() for key in action.headers}
        named = {key.replace("_", "-"): text for key, text in more.items()}
        headers = {key: text for key, text in named.items() if key not in own} | action.headers
        here = origin(self._access.endpoint(operation).url) == origin(action.href)
        if here and "authorization" not in own:
            headers |= self._access.headers(operation)
        with self._http.ask(method, action.href, headers, body) as response:
            yield response

    def _batch(self, operation: str, wanted: Sequence[tuple[str, int]]) -> dict[str, Answer]:
        asked = {
            "operation": operation,
            "transfers": ["basic"],
            "objects": [{"oid": sha256, "size": size} for sha256, size in wanted],
            "hash_algo": "sha256",
        }
        with self._post(operation, json.dumps(asked).encode()) as response:
            if response.status == 413 and len(wanted) > 1:
                middle = len(wanted) // 2
                parts = (wanted[:middle], wanted[middle:])
                return {k: v for part in parts for k, v in self._batch(operation, part).items()}
            if response.status != 200:
                raise refusal(self.name, response)
            data = response.read(_MAX_ANSWER)
        return self._answers(operation, data, {sha256 for sha256, _ in wanted})

    @contextmanager
    def _post(self, operation: str, body: bytes) -> Iterator[BaseHTTPResponse]:
        """Ask the server, with another login as long as there is one that it has not refused."""
        for _ in range(_LOGINS):
            url = f"{self._access.endpoint(operation).url}/objects/batch"
            used = self._access.headers(operation)
            headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE, **used}
            with self._http.ask("POST", url, headers, lambda: body) as response:
                if response.status != 401:
                    self._access.accepted(operation)
                    yield response
                    return
                response.drain_conn()
            if not self._access.refused(operation, used):
                break
        raise refused(self.name, 401, "")

    def _answers(self, operation: str, data: bytes, asked: set[str]) -> dict[str, Answer]:
        like = self._access.endpoint(operation).url
        try:
            doc = json.loads(data)
            if doc.get("hash_algo", "sha256") != "sha256":
                raise refused(self.name, 409, str(doc["hash_algo"]))
            if doc.get("transfer", "basic") not in ("basic", None, ""):
                raise refused(self.name, 501, f"transfer {doc['transfer']}")
            found = {one["oid"]: self._answer(one, like) for one in doc["objects"]}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._nonsense(f"{type(error).__name__} in its answer") from None
        if not asked <= found.keys():
            raise self._nonsense(f"it left out {len(asked - found.keys())} objects")
        return {sha256: found[sha256] for sha256 in asked}

    def _answer(self, one: dict[str, Any], like: str) -> Answer:
        error = one.get("error")
        if error:
            return Answer(0, {}, int(error["code"]), str(error.get("message", "")))
        actions = {
            name: self._action(action, like) for name, action in (one.get("actions") or {}).items()
        }
        return Answer(int(one["size"]), actions)

    def _action(self, doc: dict[str, Any], like: str) -> Action:
        href = str(doc["href"])
        refuse_address(self.name, href, like=like)
        headers = {str(key): str(text) for key, text in (doc.get("header") or {}).items()}
        return Action(href, headers, expiry(doc, now_ms()))

    def _nonsense(self, what: str) -> RemoteFailed:
        return RemoteFailed(
            f"{self.name} does not answer as an LFS server: {what}",
            "see whether the URL is that of a git host with LFS",
            remote=self.name,
            said=what,
        )


def expiry(doc: Mapping[str, Any], now: int) -> int:
    """When an action or a token ends, in milliseconds since 1970; `NEVER` where it does not say.

    Raises:
        ValueError, TypeError: It says so in no known way.
    """
    if doc.get("expires_in"):
        return now + 1000 * int(doc["expires_in"])
    text = doc.get("expires_at")
    if not text or str(text).startswith("0001-"):  # no time at all, in Go
        return NEVER
    found = _SECOND.fullmatch(str(text))
    return from_iso(f"{found[1]}.000Z") if found else _zoned(str(text))


def _zoned(text: str) -> int:
    from datetime import datetime

    return min(int(datetime.fromisoformat(text).timestamp() * 1000), MAX_TIME_MS)
