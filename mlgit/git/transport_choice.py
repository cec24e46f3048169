"""Which way a remote is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.git.repository import Repository
    from mlgit.git.transport import Transport


def transport_to(repository: Repository, remote: str, branch: str) -> Transport:
    """The way to a remote, by its name, URL or path, and to the branch on it."""
    from mlgit.git.transport_git import GitTransport

    return GitTransport(repository, remote, branch)
