"""A clone of a repository in which the store is ready, made whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit import process
from mlgit.errors import AlreadyExists, Unsupported
from mlgit.git.branch import Branch
from mlgit.git.repository import Repository
from mlgit.git.transport.choice import transport_to
from mlgit.git.transport.protocol import failed
from mlgit.store.locate import branch_name
from mlgit.store.url import repository_url
from mlgit.times import random_bytes

if TYPE_CHECKING:
    from mlgit.git.oid import Oid

_TIMEOUT = 24 * 3600.0  # seconds; a large repository over a slow line
_ALLOWED = ("file", "https", "ssh", "git")
# With one of these set git would not make a repository of its own.
_DROPPED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
_CONFIG = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
[remote "origin"]
\turl = "{url}"
\tfetch = +refs/heads/*:refs/remotes/origin/*
"""


class Cloned(NamedTuple):
    """What was made.

    Attributes:
        path: The folder.
        tip: The newest commit of the store; None where the remote has none.
    """

    path: Path
    tip: Oid | None


def folder_of(url: str) -> str:
    """The folder that a clone goes to where none is named: the last part of the address."""
    last = url.rstrip("/").removesuffix("/.git").rpartition("/")[2].rpartition(":")[2]
    return last.removesuffix(".git")


def clone(url: str, folder: Path, *, store_only: bool = False) -> Cloned:
    """Clone a repository, code and store, with the local branch of the store made.

    Args:
        url: Its address, or a folder.
        folder: Where to; it must not be there, or be empty.
        store_only: Bring only the store and check nothing out.

    Raises:
        InvalidValue: The address is of no allowed kind, or holds a password.
        AlreadyExists: The folder is not empty.
        Unsupported: The store is the default branch, which would be checked out; git is missing.
        RemoteFailed: The remote cannot be reached or read. Nothing is left of the clone.
    """
    address = repository_url(url)
    with _beside(folder) as temporary:
        if store_only:
            _begin(temporary, address)
        else:
            _clone_all(address, temporary)
        tip = _adopt(temporary, fetch=store_only)
    return Cloned(folder, tip)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder that takes the place of `folder` where all goes well, and is removed otherwise."""
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and _is_empty(folder))):
        raise AlreadyExists(
            f"{folder} is there already, and not empty",
            "name another folder: mlgit clone URL DIR",
            path=os.fspath(folder),
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{random_bytes(4).hex()}")
    try:
        yield temporary
        if folder.exists():
            folder.rmdir()
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def _clone_all(url: str, folder: Path) -> None:
    """As `git clone` does it."""
    program = process.git_program()
    if program is None:
        raise Unsupported(
            "the git program is needed to check code out",
            "mlgit clone --store-only, or install git",
        )
    options = ["-c", "protocol.allow=never"]
    options += [part for name in _ALLOWED for part in ("-c", f"protocol.{name}.allow=always")]
    argv = [
        program,
        *options,
        "clone",
        "--quiet",
        "--no-recurse-submodules",
        "--",
        url,
        str(folder),
    ]
    env = {key: value for key, value in os.environ.items() if key not in _DROPPED}
    done = process.run(argv, env={**env, "LC_ALL": "C"}, timeout=_TIMEOUT, check=False)
    if done.returncode:
        raise failed(url, "clone", done.stderr.decode("utf-8", "replace").strip())


def _begin(folder: Path, url: str) -> None:
    """An empty repository that knows where its store comes from."""
    git = folder / ".git"
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        (git / name).mkdir(parents=True)
    escaped = url.replace("\\", "\\\\").replace('"', '\\"')
    (git / "config").write_text(_CONFIG.format(url=escaped), "utf-8")
    (git / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")


def _adopt(folder: Path, *, fetch: bool) -> Oid | None:
    """Make the store's local branch from the remote's; None where there is none."""
    with Repository.discover(folder) as repository:
        branch = Branch(repository, branch_name())
        if not fetch and branch.ref in repository.checked_out_branches() and branch.tip():
            raise Unsupported(
                f"the default branch of the remote is its store, {branch.name}",
                "mlgit clone --store-only URL",
                branch=branch.name,
            )
        transport = transport_to(repository, "origin", branch.name)
        tip = transport.fetch().tip if fetch else repository.refs.read(transport.tracking)
        if tip is not None and branch.tip() is None:
            repository.refs.compare_and_swap(
                branch.ref, None, tip, f"adopted from {transport.tracking}"
            )
        return tip
