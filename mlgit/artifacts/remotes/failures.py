"""What goes wrong at a remote, in our words: no secret of a request ever gets into a message."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlgit.errors import MlgitError, NotFound, RemoteFailed, StorageFailed

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.place import Place

_MAX_WORDS = 300
_QUERY = re.compile(r"[?&][^\s'\"<>]*")
_SECRET = re.compile(
    r"(?i)(authorization|bearer|token|secret|passw\w*|signature|sig|credential|account_?key|key_?id)"
    r"(\W{1,4})(?:(?:bearer|basic|sharedkey\w*)\s+)?[^\s,;'\"]+"
)
_SECRET_NAMES = re.compile(r"(?i)KEY|SECRET|TOKEN|PASSW|CONNECTION_STRING|CREDENTIAL")
_REFUSALS = frozenset(
    getattr(errno, name)
    for name in ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "ENAMETOOLONG")
    if hasattr(errno, name)  # EDQUOT is unknown on Windows
)
_REFUSING = re.compile(
    r"Credential|Authentication|HostKey|PermissionDenied|ProfileNotFound|NoRegion|NoSuchBucket"
    r"|KeyImport|KeyEncryption"
)
_CODES = (400, 401, 403, 405, 501)
_PASSING = re.compile(r"RequestTimeout|BadDigest|IncompleteBody|Mismatch$")  # S3 says 400


class RefusedError(Exception):
    """A place of which no good can come, in our own words and with a hint of its own."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@contextmanager
def answering(name: str, place: Place) -> Iterator[None]:
    """Turn what a backend raises in the body into errors of ours; absence stays as it is.

    Raises:
        FileNotFoundError: There is no such object, or no such place at all.
        RemoteFailed: What may work a moment later.
        StorageFailed: What the place will refuse again.
    """
    try:
        yield
    except (MlgitError, FileNotFoundError):
        raise
    except Exception as error:
        if type(error).__name__ == "ResourceNotFoundError":  # Azure's, where adlfs lets it pass
            raise FileNotFoundError(name) from None
        raise _failed(name, place, error) from None


def _failed(name: str, place: Place, error: BaseException) -> RemoteFailed | StorageFailed:
    said, where = words_of(error), f"{name} ({place.root})"
    if _refused(error):
        hint = _hint(error, place.login)
        return StorageFailed(f"{where} refused: {said}", hint, remote=name, said=said)
    hint = "try again; if it stays so, check the address and the network"
    words = f"{where} did not answer as it should: {said}"
    return RemoteFailed(words, hint, remote=name, said=said)


def no_place(name: str, top: str) -> StorageFailed:
    """The bucket or folder of a remote is not there."""
    return StorageFailed(
        f"{name} is not there: no bucket or folder {top}",
        "mount it or make it first; mlgit makes none, so that a slip of the pen fills none",
        remote=name,
        said="no such place",
    )


def missing(name: str, path: str) -> NotFound:
    """One file is not in a remote."""
    return NotFound(
        f"there is no {path[-64:][:12]} in {name}", "ask another remote for it", path=path
    )


def words_of(error: BaseException) -> str:
    """The kind of an error and the beginning of what it says, without secrets."""
    text = " ".join(str(error).split())
    for secret in _secrets():
        text = text.replace(secret, "…")
    text = _SECRET.sub(r"\1\2…", _QUERY.sub("…", text))
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    kind = "" if isinstance(error, RefusedError) else _code_of(error) or type(error).__name__
    return ": ".join(filter(None, (kind, text[:_MAX_WORDS])))


def _secrets() -> Iterator[str]:
    """What the environment keeps from others: longest first, as one may hold another."""
    named = [(name, text) for name, text in os.environ.items() if _SECRET_NAMES.search(name)]
    parts = [part.partition("=")[::2] for _, text in named for part in text.split(";")]
    named += [(name, text) for name, text in parts if _SECRET_NAMES.search(name)]
    yield from sorted({text for _, text in named if len(text) >= 6}, key=len, reverse=True)


def _refused(error: BaseException) -> bool:
    if _PASSING.search(_code_of(error)):
        return False
    return (
        (isinstance(error, OSError) and error.errno in _REFUSALS)
        or isinstance(error, (PermissionError, RefusedError))
        or _status_of(error) in _CODES
        or str(error).startswith("Forbidden")  # all that gcsfs says of a 403
        or bool(_REFUSING.search(type(error).__name__))
    )


def _code_of(error: BaseException) -> str:
    """The word by which S3 says what is wrong; empty where there is none."""
    answer = getattr(error.__cause__ or error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def _status_of(error: BaseException) -> object:
    """The status of HTTP that an error, or what it was made from, speaks of."""
    answer = getattr(error.__cause__ or error, "response", None)
    if isinstance(answer, dict):
        return answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    codes = (getattr(error, name, None) for name in ("status", "status_code", "code"))
    return next((code for code in codes if isinstance(code, int)), None)


def _hint(error: BaseException, login: str) -> str:
    if isinstance(error, RefusedError):
        return error.hint
    if getattr(error, "errno", None) in (errno.ENOSPC, getattr(errno, "EDQUOT", -1)):
        return "make room there"
    return login or "check what you may do there"
