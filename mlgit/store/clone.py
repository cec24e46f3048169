"""A bare clone that holds only the data branch, made whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.errors import RemoteFailed
from mlgit.times import random_bytes

if TYPE_CHECKING:
    from mlgit.git.repository import Repository

_PROTOCOLS = (
    *("-c", "protocol.allow=never"),
    *(
        part
        for name in ("file", "https", "ssh", "git")
        for part in ("-c", f"protocol.{name}.allow=always")
    ),
)
_TIMEOUT = 3600.0  # seconds; a store of 100,000 runs over a slow line


def clone(url: str, target: Path, branch: str) -> None:
    """Clone the data branch, and those whose name begins like it, of `url` into `target`.

    Raises:
        RemoteFailed: git is missing, or the address cannot be reached or read.
    """
    if process.git_program() is None:
        raise RemoteFailed("the git program is needed to clone a store", "install git")
    temporary = target.with_name(f"{target.name}.{random_bytes(4).hex()}")
    temporary.mkdir(mode=0o700)
    try:
        _fill(url, temporary, branch)
        temporary.replace(target)
    except process.CommandFailed as error:
        raise RemoteFailed(
            f"cannot clone the store: {error.message}",
            f"see whether this works: git ls-remote {url}",
            url=url,
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _fill(url: str, git_dir: Path, branch: str) -> None:
    process.git(["init", "-q", "--bare", "--template=", "--initial-branch=main"], git_dir=git_dir)
    tracked = f"+refs/heads/{branch}*:refs/remotes/origin/{branch}*"
    process.git(["config", "remote.origin.url", url], git_dir=git_dir)
    process.git(["config", "remote.origin.fetch", tracked], git_dir=git_dir)
    fetch = [*_PROTOCOLS, "fetch", "-q", "--no-tags", "origin"]
    process.git(fetch, git_dir=git_dir, timeout=_TIMEOUT)


def origin(repository: Repository) -> str:
    """Where a clone came from."""
    return repository.config_get("remote.origin", "url") or ""
