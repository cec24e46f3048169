"""The way to an LFS server that a host tells over ssh, with a token for it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from mlgit import process
from mlgit.artifacts.remotes.failures import words_of
from mlgit.artifacts.remotes.lfs_access import Endpoint
from mlgit.artifacts.remotes.lfs_address import endpoint
from mlgit.artifacts.remotes.lfs_batch import expiry
from mlgit.errors import InvalidValue, RemoteFailed
from mlgit.times import now_ms

_COMMAND = "git-lfs-authenticate"
_SECONDS = 60.0
_UNKNOWN = 127  # the code of a shell that knows no such command


def authenticate(ssh: Sequence[str], path: str, operation: str) -> Endpoint | None:
    """What `git-lfs-authenticate` says; None where the host does not have that command.

    Args:
        ssh: The program with its options and the host.
        path: The repository, as its URL has it.
        operation: `download` or `upload`.

    Raises:
        RemoteFailed: The host did not answer, or refused.
    """
    argv = [*ssh, f"{_COMMAND} {shlex.quote(path)} {operation}"]
    try:
        done = process.run(argv, timeout=_SECONDS, check=False, apart=True)
    except process.CommandFailed as error:
        raise _failed(ssh[-1], words_of(error)) from None
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == _UNKNOWN or (_COMMAND in said and "not found" in said):
        return None
    if done.returncode:
        raise _failed(ssh[-1], said[-300:])
    try:
        doc = json.loads(done.stdout)
        headers = {str(key): str(text) for key, text in (doc.get("header") or {}).items()}
        return endpoint(doc["href"])._replace(headers=headers, expires=expiry(doc, now_ms()))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidValue):
        raise _failed(ssh[-1], f"{_COMMAND} did not give an address") from None


def _failed(host: str, said: str) -> RemoteFailed:
    return RemoteFailed(
        f"{host} does not let us in: {said}",
        "see whether `git fetch` works, then run it again: nothing is lost",
        remote=host,
        said=said,
    )
