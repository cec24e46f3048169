"""The LFS store beside a git remote: where this clone's own config says it is.

A `.lfsconfig` is not read: it comes with a branch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.artifacts.remotes.lfs import open_lfs
from mlgit.artifacts.remotes.lfs_access import Endpoint, GitHost
from mlgit.artifacts.remotes.lfs_address import endpoint, endpoint_of_git
from mlgit.artifacts.remotes.lfs_http import Network
from mlgit.errors import Damaged, NotFound, Unsupported

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.git.repository import Repository
    from mlgit.git.transport.url import Address
    from mlgit.store.store import Store


def open_lfs_of(store: Store, name: str, url: str) -> SharedRemote:
    """The artifact remote `name` at `lfs:NAME` or `lfs:https://…`; nothing is asked of it yet.

    Raises:
        NotFound: The clone has no git remote NAME.
        Unsupported: That remote is a folder, or not to be reached.
        InvalidValue: A URL in git's config is none.
    """
    repository, place = store.repository, url.removeprefix("lfs:")
    where = partial(_where, repository, place)
    settings = _http_settings(repository, _usual(repository, place))
    more = _extra_headers(settings.get("http.extraheader", ""))
    network = Network(settings.get("http.proxy", ""), settings.get("http.sslcainfo", ""))

    def server(operation: str) -> Endpoint:
        found = where(operation)
        return found._replace(headers={**more, **found.headers})

    return open_lfs(name, url, GitHost(server, _Sizes(store).of, repository.git_dir, network))


class _Sizes:
    """How many bytes the objects have that the store names; looked up when first asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Mapping[str, int] = {}
        self._tip: bytes | None = None

    def of(self, sha256: str) -> int:
        if sha256 not in self._known:
            tip = self._store.snapshot().commit
            if tip != self._tip:
                self._tip = tip
                self._look()
        return self._known.get(sha256, 0)

    def _look(self) -> None:
        from mlgit.holdings.named import named_by

        try:
            self._known = {one.sha256: one.size for one in named_by(self._store).values()}
        except (Damaged, NotFound):  # most hosts do without sizes
            self._known = {}


def _usual(repository: Repository, place: str) -> str:
    """The server's address, as far as it is known without asking any host."""
    config = repository.config
    if "://" in place:
        return endpoint_of_git(place).url
    own = config.get("lfs", "url") or config.get(f"remote.{place}", "lfsurl")
    if own:
        return endpoint(own).url
    return _guessed(_address(repository, place, "download")).url


def _where(repository: Repository, place: str, operation: str) -> Endpoint:
    """The server for `download` or `upload`, in the order in which git-lfs looks for it."""
    if "://" in place:
        return endpoint_of_git(place)
    config = repository.config
    keys = [("lfs", "url"), (f"remote.{place}", "lfsurl")]
    if operation == "upload":
        keys = [("lfs", "pushurl"), keys[0], (f"remote.{place}", "lfspushurl"), keys[1]]
    for section, key in keys:
        own = config.get(section, key)
        if own:
            return endpoint(own)
    address = _address(repository, place, operation)
    if address.scheme == "ssh":
        from mlgit.artifacts.remotes.lfs_ssh import authenticate

        path = address.path if "://" in address.url else address.path.removeprefix("/")
        argv = [*_ssh(repository), *(["-p", str(address.port)] if address.port else [])]
        host = f"{address.user}@{address.host}" if address.user else address.host
        return authenticate([*argv, host], path, operation) or _guessed(address)
    return _guessed(address)


def _address(repository: Repository, remote: str, operation: str) -> Address:
    from mlgit.git.transport.url import address_of

    known = repository.config.subsections("remote")
    if remote not in known:
        raise NotFound(
            f"there is no git remote {remote!r}", f"git remote add {remote} URL", candidates=known
        )
    address = address_of(repository, remote, push=operation == "upload")
    if address.scheme == "file":
        raise Unsupported(
            f"the git remote {remote} is a folder, and LFS needs a server",
            "mlgit remote add main /a/shared/folder",
            remote=remote,
        )
    return address


def _guessed(address: Address) -> Endpoint:
    if address.scheme in ("http", "https"):
        return endpoint_of_git(address.url)
    return endpoint_of_git(f"https://{address.host}/{address.path.lstrip('/')}")


def _ssh(repository: Repository) -> list[str]:
    """How ssh is called, as git does."""
    import shlex

    from mlgit.git.transport.protocol import SSH

    program = os.environ.get("GIT_SSH")
    said = os.environ.get("GIT_SSH_COMMAND") or repository.config.get("core", "sshCommand")
    if program and not said:
        return [program]
    return shlex.split(said or SSH, posix=os.name != "nt")


def _http_settings(repository: Repository, url: str) -> dict[str, str]:
    """What git's config says of HTTP to this address, by key."""
    try:
        done = process.git(
            ["config", "--get-urlmatch", "http", url], git_dir=repository.git_dir, check=False
        )
    except process.CommandFailed:
        return {}
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return {key.lower(): value for key, _, value in (line.partition(" ") for line in lines)}


def _extra_headers(text: str) -> dict[str, str]:
    """The header that CI systems put into git's config to log in with."""
    key, colon, value = text.partition(":")
    return {key.strip().title(): value.strip()} if colon else {}
