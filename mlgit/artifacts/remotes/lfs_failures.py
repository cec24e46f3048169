"""What goes wrong at an LFS server: what passes, what stays, and what to do; never a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlgit.artifacts.remotes.failures import words_of
from mlgit.errors import MlgitError, RemoteFailed, StorageFailed
from mlgit.times import now_ms

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

LONGEST_WAIT = 60.0  # seconds; who is told to wait longer is told so instead
_LOGIN = "log in as for `git push`: a credential helper of git, or ~/.netrc; then run it again"
_MEANINGS = {
    401: ("wants to know who you are", _LOGIN),
    403: ("does not let you do that", "ask for the right to write to the repository, or log in"),
    404: ("has no LFS store there", "see whether the URL is right and LFS is on in its settings"),
    406: ("does not speak the LFS batch API", "use another kind of remote"),
    409: ("names objects by another hash than sha256", "use another kind of remote"),
    410: ("has removed the object", "ask who owns the repository"),
    413: ("takes no object that large", "use another remote for it, or ask for a higher limit"),
    415: ("does not speak the LFS batch API", "use another kind of remote"),
    422: ("finds the object not valid", "see mlgit artifact verify"),
    501: ("does not speak the LFS batch API", "use another kind of remote"),
    507: ("has no room left", "buy or free some room at the git host, or use another remote"),
    509: (
        "has reached its limit of storage or bandwidth",
        "raise it at the git host, or use another remote",
    ),
}
_TOO_LARGE = re.compile(r"size must be less than", re.I)  # 422 and these words: GitHub, Gitea
_NO_MORE = re.compile(r"over its data quota|exceeded its LFS budget", re.I)  # GitHub
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\uffff]+")


def refused(
    name: str, status: int, said: str, headers: Mapping[str, str] | None = None
) -> MlgitError:
    """The error for a status that is not a success.

    RemoteFailed when it may pass; `facts["retry_after"]` has seconds where the host gave them.
    """
    words = words_of(_Said(_UNPRINTABLE.sub(" ", said))).partition(": ")[2]
    end = f" ({status}{': ' if words else ''}{words})"
    meant = _meant(status, words)
    if meant in _MEANINGS:
        meaning, hint = _MEANINGS[meant]
        return StorageFailed(f"{name} {meaning}{end}", hint, remote=name, status=status)
    if 400 <= status < 500 and status not in (408, 425, 429):
        return StorageFailed(
            f"{name} refused{end}", "see what the host says of it", remote=name, status=status
        )
    pause = retry_after(headers or {}, longest=float("inf"))
    hint = f"try again in {pause:.0f} s" if pause else "try again a moment later"
    return RemoteFailed(
        f"{name} did not do it{end}", hint, remote=name, said=words, retry_after=pause
    )


def _meant(status: int, words: str) -> int:
    """The status that says what the host's words say."""
    if status == 422 and _TOO_LARGE.search(words):
        return 413
    return 509 if status < 500 and _NO_MORE.search(words) else status


def refusal(name: str, response: BaseHTTPResponse) -> MlgitError:
    """The error for an answer that is not a success, with what it says of why."""
    return refused(name, response.status, _message(response.read(64_000)), response.headers)


def broken(name: str, error: Exception) -> RemoteFailed:
    """The error for a line that was cut, or a host that is not there."""
    said = words_of(error)
    return RemoteFailed(
        f"{name} did not answer to the end: {said}",
        "see whether `git fetch` works, then run it again: nothing is lost",
        remote=name,
        said=said,
    )


def untrusted_host(name: str, error: Exception) -> StorageFailed:
    """The error for a certificate that nobody here vouches for."""
    return StorageFailed(
        f"{name} shows a certificate that is not trusted: {words_of(error)}",
        "git config --global http.sslCAInfo FILE, if your host has an authority of its own",
        remote=name,
    )


def refuse_address(name: str, url: str, *, like: str) -> None:
    """Refuse an address that a host gives for what its own, `like`, is not enough for.

    Raises:
        StorageFailed: It is none of the web, or gives up the encryption.
    """
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and url.isprintable()
    except ValueError:
        good = False
    allowed = ("https",) if urlsplit(like).scheme == "https" else ("http", "https")
    if not good or parts.scheme not in allowed:
        raise StorageFailed(
            f"{name} sends us to an address that is not safe: {url.partition('?')[0][:100]!r}",
            "the host has to give https addresses; see its own URL in its settings",
            remote=name,
        )


def retry_after(headers: Mapping[str, str], longest: float = LONGEST_WAIT) -> float | None:
    """The seconds a host asks to wait; None where it asks for none, or for more than `longest`."""
    text = headers.get("Retry-After", "")
    pause = float(text) if re.fullmatch(r"[0-9]{1,9}", text) else _until(text)
    return pause if pause is not None and pause <= longest else None


def _until(text: str) -> float | None:
    """The seconds until a date as HTTP writes it; None where it is none."""
    from email.utils import parsedate_to_datetime

    try:
        end = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None
    return max(0.0, end - now_ms() / 1000)


class _Said(Exception):
    """Only carries a host's words to where secrets are taken out of them."""


def _message(data: bytes) -> str:
    try:
        said = json.loads(data)["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return said if isinstance(said, str) else ""
