"""What goes wrong at a remote, in our words: no secret of a request ever gets into a message."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from mlgit.errors import MlgitError, NotFound, RemoteFailed, StorageFailed

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


@contextmanager
def answering(name: str) -> Iterator[None]:
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
        raise failed(name, error) from None


def failed(name: str, error: BaseException) -> RemoteFailed | StorageFailed:
    """What a backend has said, without its secrets."""
    said = words_of(error)
    if _refused(error):
        return StorageFailed(f"{name} refused: {said}", _hint(error), remote=name, said=said)
    hint = "try again; if it stays so, check the address and the network"
    return RemoteFailed(f"{name} did not answer as it should: {said}", hint, remote=name, said=said)


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
    for variable, value in os.environ.items():
        if len(value) >= 6 and _SECRET_NAMES.search(variable):
            text = text.replace(value, "…")
    text = _SECRET.sub(r"\1\2…", _QUERY.sub("…", text))
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    return f"{type(error).__name__}: {text[:_MAX_WORDS]}" if text else type(error).__name__


def _refused(error: BaseException) -> bool:
    codes = [getattr(error, name, None) for name in ("code", "status", "status_code")]
    return (
        (isinstance(error, OSError) and error.errno in _REFUSALS)
        or isinstance(error, PermissionError)
        or any(code in _CODES for code in codes)
        or bool(_REFUSING.search(type(error).__name__))
    )


def _hint(error: BaseException) -> str:
    if "HostKey" in type(error).__name__:
        return "check the host's key and accept it once with: ssh HOST"
    if getattr(error, "errno", None) in (errno.ENOSPC, getattr(errno, "EDQUOT", -1)):
        return "make room there"
    return "check the credentials in the environment, and what they may do there"
