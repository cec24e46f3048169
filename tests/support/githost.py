"""A git host on loopback: git's own server for a repository, and the LFS store beside it.

with git_host(folder) as host:          # folder/team/models.git is a bare repository
    host.url                            # to clone from and push to; `lfs:origin` works there
    host.login_is("ada:secret")         # for both
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.lfs import Lfs, LfsHandler, checked
from tests.support.loopback import on_loopback
from tests.support.servers import require
from tests.support.web import GitHandler, Web


class GitHost(NamedTuple):
    """A host with one repository, `team/models`."""

    web: Web
    lfs: Lfs

    @property
    def url(self) -> str:
        """The repository's address."""
        return f"{self.lfs.url}.git"

    def login_is(self, login: str) -> None:
        """Let only this `user:password` in, by git and by LFS."""
        self.web.login = self.lfs.login = login


@contextmanager
def git_host(root: Path) -> Iterator[GitHost]:
    """Serve until the end of the block; what clients of LFS did against the documents fails it."""
    require("http-backend")
    host = GitHost(Web(root), Lfs())
    with on_loopback(_Handler, web=host.web, lfs=host.lfs) as url, checked(host.lfs):
        host.web.url, host.lfs.url = url, f"{url}/team/models"
        yield host


class _Handler(LfsHandler, GitHandler):
    def get(self) -> None:
        """An object, or git's refs."""
        self._kind().get(self)

    def post(self) -> None:
        """A batch, or a push."""
        self._kind().post(self)

    def _kind(self) -> type[LfsHandler | GitHandler]:
        is_lfs = "/info/lfs/" in self.path or ".git/" not in self.path
        return LfsHandler if is_lfs else GitHandler
