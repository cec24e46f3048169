"""Which way a remote is reached."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.errors import InvalidValue

if TYPE_CHECKING:
    from mlgit.git.repository import Repository
    from mlgit.git.transport.protocol import Transport


def transport_to(repository: Repository, remote: str, branch: str) -> Transport:
    """The way to a remote, by its name, URL or path, and to the branch on it.

    That is the git program where it is installed, but for a folder in which git would only store;
    `MLGIT_TRANSPORT` (git or dulwich) decides otherwise.

    Raises:
        InvalidValue: The variable holds something else.
        Unsupported: The remote cannot be reached without git.
    """
    wanted = os.environ.get("MLGIT_TRANSPORT", "")
    if wanted not in ("", "git", "dulwich"):
        raise InvalidValue(
            f"MLGIT_TRANSPORT is {wanted!r}", "set it to git or dulwich, or unset it"
        )
    if wanted == "git":
        return _by_git(repository, remote, branch)
    if not wanted and process.git_program():
        from mlgit.git.transport.folder import is_plain

        way = _by_git(repository, remote, branch)
        return _by_path(repository, remote, branch, way) if is_plain(repository, remote) else way
    from mlgit.git.transport.url import address_of

    if address_of(repository, remote, push=False).scheme == "file":
        return _by_path(repository, remote, branch)
    from mlgit.git.transport.wire import WireTransport

    return WireTransport(repository, remote, branch)


def _by_git(repository: Repository, remote: str, branch: str) -> Transport:
    from mlgit.git.transport.program import GitTransport

    return GitTransport(repository, remote, branch)


def _by_path(
    repository: Repository, remote: str, branch: str, bulky: Transport | None = None
) -> Transport:
    from mlgit.git.transport.path import PathTransport

    return PathTransport(repository, remote, branch, bulky)
