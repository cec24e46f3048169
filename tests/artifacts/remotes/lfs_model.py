"""A model, and remotes that keep it in an LFS store."""

from __future__ import annotations

import io
from hashlib import sha256

from mlgit.artifacts.remotes.lfs import LfsRemote, open_lfs
from mlgit.artifacts.remotes.lfs_access import GitHost
from mlgit.artifacts.remotes.lfs_address import endpoint_of_git
from tests.support.lfs import Lfs

DATA = b"weights " * 40_000
DIGEST = sha256(DATA).hexdigest()


def opened(lfs: Lfs, sizes: dict[str, int] | None = None, url: str = "") -> LfsRemote:
    """The store of a server, or of the one at `url`; the sizes of other objects than the model."""
    known = {DIGEST: len(DATA), **(sizes or {})}
    host = GitHost(lambda _: endpoint_of_git(url or lfs.url), lambda one: known.get(one, 0))
    return open_lfs("main", "lfs:origin", host)


def fetched(remote: LfsRemote) -> bytes:
    """The model, from there."""
    target = io.BytesIO()
    remote.get(DIGEST, target)
    return target.getvalue()
